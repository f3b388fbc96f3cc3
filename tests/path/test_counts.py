"""The count of tokens for a provider that cannot count: estimated here, and better with every reply."""

import json

from tests.path.dialects import MESSAGES
from tests.path.house import House
from tests.upstream.scripts import JSON, whole

REPORTED = 1.4  # how many tokens this provider's tokenizer makes of one that is estimated


def count(house: House, body: bytes) -> int:
    """Ask how many tokens a body has."""
    tokens: int = house.call("POST", "/v1/messages/count_tokens", JSON.items(), body).json()["input_tokens"]
    return tokens


def test_an_estimate_learns_from_what_providers_report(house: House) -> None:
    """After twenty requests it is within a tenth of what the provider would count."""
    words = "def answer(question):\n    return 42  # the usual\n"
    bodies = [MESSAGES.body("only-chat/learnt", system=words * (20 + 7 * number)) for number in range(21)]
    # Another model of the same name elsewhere: nobody has taught anything about it.
    plain = [count(house, body.replace(b"only-chat", b"only-ollama")) for body in bodies]
    for body, weighed in zip(bodies[:20], plain, strict=False):
        exchange = house.replay.plays(whole(whole_reply(round(weighed * REPORTED))))
        assert house.post(MESSAGES, body, [exchange.header]).status == 200
    told, wanted = count(house, bodies[20]), plain[20] * REPORTED
    assert abs(told - wanted) <= wanted / 10
    assert abs(plain[20] - wanted) > wanted / 10


def whole_reply(tokens: int) -> bytes:
    """A chat completion that used so many tokens of input."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": tokens, "completion_tokens": 1, "total_tokens": tokens + 1}
    told = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return json.dumps({**told, "usage": usage}).encode()
