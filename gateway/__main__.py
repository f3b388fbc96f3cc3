"""`penstock`, and `python -m gateway`: the command line, which takes a moment to be read."""

import signal


def main() -> None:
    """Run the command line. Ctrl-C before it is there ends us without a word of what was being read."""
    usual = (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )  # who started us may have it ignored
    if usual:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gateway.cli import main as command  # noqa: PLC0415  # see above

    if usual:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command(prog_name="penstock")


if __name__ == "__main__":
    main()
