"""The replay upstream: a provider played by script over real sockets, every byte under a test's control.

`wire` is what was received, `steps` what can be done on a connection, `scripts` whole replies made of
steps, `exchange` one scripted exchange as a test holds it, `server` the thread that listens and records,
`proxy` an HTTP proxy and `tee` a tee that record, `conversation` a provider that leads an agent through a
tool loop.
"""
