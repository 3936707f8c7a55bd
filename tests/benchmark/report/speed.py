"""How long a report takes: seconds of this process for each record, and the size of the page. No test: it prints.

python tests/benchmark/report/speed.py [FOLDER OF REPORTS]
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmark.report.build import build


def main(reports: Path) -> None:
    """Build the report of a folder such as reports/ into a temporary one."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "reports"
        shutil.copytree(reports, copy)
        records = len(list((copy / "records").rglob("record.json")))
        start = time.process_time()
        build(copy / "records", copy / "complexity.json", copy / "data", copy)
        seconds, size = time.process_time() - start, (copy / "index.html").stat().st_size
    print(f"{records} records: {seconds:.1f} s, {seconds / records:.2f} s a record; index.html {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "reports"))
