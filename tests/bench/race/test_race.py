"""The race with stand-ins for both sides, and its tables in a document. Needs no PyTorch and no build."""
import json
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent

OURS = """import json, sys
kind = sys.argv[2] if sys.argv[1] == "bench" else sys.argv[1]
product = {"gflops": 100.0}
if kind == "doctor":
    print(json.dumps({"libtorch": {"loaded": "9.9.9"}}))
    sys.exit(1)
elif kind == "train":
    print(json.dumps({"seconds": [2.0, 1.0], "context_tokens": int(sys.argv[sys.argv.index("--text-tokens") + 1]) if "--text-tokens" in sys.argv else 9, "operations": 5e10, "product": product}))
elif kind in ("pack", "load"):
    print(json.dumps({"time": {"what": kind + "ing", "bytes_per_second": 2.0**30}}))
else:
    print(json.dumps({"kernels": [{"what": kind, "best_seconds": 0.5, "operations": 1e10}], "product": product}))
"""

THEIRS = """import json, sys
kind = sys.argv[2]
if kind == "vae":
    sys.exit("ImportError: no such layer")
name = {"train": "training step", "pack": "packing, a GiB", "load": "loading, a GiB"}.get(kind, kind)
print(json.dumps({"torch": "8.8.8", "best": {name: [2.0, 0]}}))
"""


def program(file, text):
    file.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


class Race(unittest.TestCase):
    def setUp(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = pathlib.Path(kept.name)
        self.results = self.folder / "results"
        self.ours, self.theirs = program(self.folder / "nanodit", OURS), program(self.folder / "python", THEIRS)
        self.document = self.folder / "performance.md"

    def race(self, *more):
        return subprocess.run([sys.executable, HERE / "race.py", self.results, "--nanodit", self.ours, "--threads", "1", *more], capture_output=True, text=True, check=False)

    def publish(self, *name):
        return subprocess.run([sys.executable, HERE / "publish.py", self.results, self.document, *name], capture_output=True, text=True, check=False)

    def write_document(self, race="old", growth="old"):
        self.document.write_text(f"# Before\n\n<!-- race: begin -->\n{race}\n<!-- race: end -->\n\nbetween\n\n<!-- growth: begin -->\n{growth}\n<!-- growth: end -->\nafter\n", encoding="utf-8")

    def test_ratios_rates_and_faults_are_in_the_table(self):
        done = self.race("--python", self.theirs, "--quick", "--only", "race")
        self.assertEqual(done.returncode, 0, done.stderr)
        table = (self.results / "race.md").read_text(encoding="utf-8")
        self.assertIn("LibTorch 9.9.9, 1 thread a side, 256 x 256 pixels, PyTorch 8.8.8", table)
        self.assertIn("| training step | bf16 | 1 | 1.0000 s | 2.0000 s | 2.00 | 50 | 50 % | 2 |", table)
        self.assertIn("| packing, a GiB | float32 | 1 | 1.0000 s | 2.0000 s | 2.00 | – | – | 2 |", table)
        self.assertIn("| dino | bf16 | 1 | 0.5000 s | 2.0000 s | 4.00 | 20 | 20 % | 2 |", table)
        self.assertIn("Not measured: vae, float32, batch 1: ", table)
        self.assertIn("ImportError: no such layer", table)
        self.assertEqual(json.loads((self.results / "race.json").read_text(encoding="utf-8"))["torch"], "8.8.8")

    def test_a_table_replaces_the_one_before_and_nothing_else(self):
        self.assertEqual(self.race("--quick", "--only", "context").returncode, 0)
        self.write_document()
        for _ in range(2):  # the second time changes nothing
            done = self.publish()
            self.assertEqual(done.returncode, 0, done.stderr)
            text = self.document.read_text(encoding="utf-8")
            self.assertTrue(text.startswith("# Before\n\n<!-- race: begin -->\nold\n<!-- race: end -->\n\nbetween\n\n<!-- growth: begin -->\n"))
            self.assertTrue(text.endswith("\n<!-- growth: end -->\nafter\n"))
            self.assertIn("\n### A training step against its context", text)
            self.assertIn("](images/growth-context.svg)", text)
            self.assertEqual(text.count("| context tokens |"), 1)
        self.assertTrue((self.folder / "images" / "growth-context.svg").read_text(encoding="utf-8").startswith("<svg"))

    def test_one_of_several_races_goes_between_its_own_lines(self):
        self.results.mkdir()
        (self.results / "race.md").write_text("| loading | 1 | 0.5 s |\n", encoding="utf-8")
        self.document.write_text("<!-- race: begin -->\nold\n<!-- race: end -->\n<!-- race wheel: begin -->\n<!-- race wheel: end -->\n", encoding="utf-8")
        done = self.publish("wheel")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.document.read_text(encoding="utf-8"),
                         "<!-- race: begin -->\nold\n<!-- race: end -->\n<!-- race wheel: begin -->\n\n| loading | 1 | 0.5 s |\n\n<!-- race wheel: end -->\n")
        self.assertEqual(self.publish("other").returncode, 1)

    def test_a_document_that_does_not_fit_stays_as_it_is(self):
        self.assertEqual(self.race("--quick", "--only", "context").returncode, 0)
        for text in ("no such lines\n", "<!-- growth: end -->\n<!-- growth: begin -->\n", "<!-- growth: begin -->\n<!-- growth: begin -->\n<!-- growth: end -->\n"):
            self.document.write_text(text, encoding="utf-8")
            done = self.publish()
            self.assertEqual(done.returncode, 1)
            self.assertIn('must have one line "<!-- growth: begin -->"', done.stderr)
            self.assertEqual(self.document.read_text(encoding="utf-8"), text)

    def test_what_was_not_measured_is_not_published(self):
        self.write_document()
        self.results.mkdir()
        before = self.document.read_text(encoding="utf-8")
        for table in (None, "nothing\n"):
            if table:
                (self.results / "race.md").write_text(table, encoding="utf-8")
            done = self.publish()
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, "run race.py first|has no row")
            self.assertEqual(self.document.read_text(encoding="utf-8"), before)

    def test_values_that_make_no_sense_are_refused(self):
        for arguments in (["--pixels", "250"], ["--rounds", "0"], ["--minutes", "0"], ["--only", "race"], ["--only", "vae"]):
            self.assertEqual(self.race(*arguments).returncode, 2, arguments)


if __name__ == "__main__":
    unittest.main()
