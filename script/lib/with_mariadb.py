"""`with_mariadb.py COMMAND...` runs a command beside a private MariaDB, whose address is in FERROSTACK_TEST_MARIADB."""

import os
import subprocess
import sys

import cloud


def main():
    # Tests kill clients and connections, never the machine: the log need not reach the disk at each commit.
    with cloud.scratch("mariadb") as folder, cloud.MariaDb(folder, ["--innodb-flush-log-at-trx-commit=2"]) as server:
        environment = {**os.environ, "FERROSTACK_TEST_MARIADB": server.url}
        process = subprocess.Popen(sys.argv[1:], env=environment)
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise


if __name__ == "__main__":
    cloud.program("with_mariadb", main)
