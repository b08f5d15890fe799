"""`with_mariadb.py COMMAND...` runs a command beside a private MariaDB, whose address is in FERROSTACK_TEST_MARIADB."""

import os
import shutil
import subprocess
import sys

import cloud


def memory():
    """A folder in memory with room for the test databases, if this machine has one."""
    shared = "/dev/shm"
    return shared if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 4 << 30 else None


def main():
    # Tests kill clients and connections, never the machine: nothing need reach a disk. Each test makes all tables anew,
    # which takes seconds on a disk and with a file for each table, and tens of milliseconds so.
    options = ["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-file-per-table=0"]
    with cloud.scratch("mariadb", parent=memory()) as folder, cloud.MariaDb(folder, options) as server:
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
