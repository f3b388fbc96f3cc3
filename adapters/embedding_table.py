"""Which dialects carry embeddings: those that are not here have none."""

from typing import Final

from adapters.dialects.gemini.embed import EMBEDDING as GEMINI
from adapters.dialects.ollama.embed import EMBEDDING as OLLAMA
from adapters.dialects.openai_chat.embed import EMBEDDING as OPENAI
from adapters.embeddings import EmbeddingCodec

EMBEDDINGS: Final[dict[str, EmbeddingCodec]] = {"openai-chat": OPENAI, "gemini": GEMINI, "ollama": OLLAMA}
