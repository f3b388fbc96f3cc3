"""One module a dialect: how a provider that speaks it spells a reply, an error and a broken stream."""
