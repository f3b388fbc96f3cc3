"""What holds in every test: no property is judged by the clock, for the machine may be busy."""

from hypothesis import settings

settings.register_profile("house", settings(), deadline=None)
settings.load_profile("house")
