"""The replay upstream: a provider played by script over real sockets, every byte under a test's control.

`wire` is what was received, `steps` what can be done on a connection, `scripts` whole replies made of
steps, `exchange` one scripted exchange as a test holds it, `server` the thread that listens and records,
`proxy` an HTTP proxy and `tee` a tee that record.

`provider` leads an agent through a tool loop in any dialect: `plan` is what it says, `voices` how a dialect
spells it, `strict` what the real API would refuse of what it is asked, `faults` what may go wrong, `memory`
the signatures it handed out; `voice` is the list of dialects.
"""
