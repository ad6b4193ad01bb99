"""A program that runs one server until it is told to end: the parent that the tests kill.

Usage: serve.py DATA_DIR [BINARIES|-] [SYSTEM_DIR]
"""

import json
import signal
import sys
from pathlib import Path

from tht_kit.embedded_pg import EmbeddedPostgres, EmbeddedPostgresError
from tht_kit.pg_host import SYSTEM_DIR


def main() -> None:
    # A shell without job control starts its background jobs with SIGINT ignored, tests included.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    data_dir, binaries, system_dir, *_ = [*sys.argv[1:], "-", "-", "-"]
    server = EmbeddedPostgres(
        Path(data_dir),
        binaries=None if binaries == "-" else Path(binaries),
        system_dir=SYSTEM_DIR if system_dir == "-" else Path(system_dir),
    )
    try:
        with server:
            server.create_database("kept")
            facts = {"pid": server.pid, "home": str(server.home), "url": server.url("kept")}
            print(json.dumps(facts), flush=True)
            signal.pause()
    except EmbeddedPostgresError as error:
        print(json.dumps({"error": str(error)}), flush=True)


if __name__ == "__main__":
    main()
