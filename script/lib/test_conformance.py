"""Tests of script/conformance's own parts: `python3 -m unittest discover script/lib`."""

import contextlib
import io
import tempfile
import unittest

import cloud
import conformance
import results

FLAVORS = "tempest.api.compute.FlavorsTest"


class Judging(unittest.TestCase):
    def test_every_listed_test_has_one_row_in_order(self):
        listed = [f"{FLAVORS}.test_{name}[id-{name}]" for name in "abc"]
        events = [(listed[2], "skip", "no such feature"), (listed[0], "success", ""), (listed[1], "fail", "why")]
        self.assertEqual(results.judge(listed, events), [
            ("passed", listed[0], ""), ("failed", listed[1], "why"), ("skipped", listed[2], "no such feature")])

    def test_what_never_ran_failed(self):
        rows = results.judge(["a.B.test_x[id-1]"], [])
        self.assertEqual(rows, [("failed", "a.B.test_x[id-1]", "did not run")])

    def test_a_class_that_skips_or_fails_speaks_for_its_tests(self):
        events = [("setUpClass (a.B)", "skip", "not here"), ("setUpClass (a.C)", "fail", "boom")]
        self.assertEqual(results.judge(["a.B.test_x[id-1]", "a.C.test_y[id-2]"], events), [
            ("skipped", "a.B.test_x[id-1]", "not here"),
            ("failed", "a.C.test_y[id-2]", "setUpClass (a.C): boom")])

    def test_a_clean_up_that_fails_is_a_failure_beside_its_tests(self):
        rows = results.judge(["a.B.test_x"], [("a.B.test_x", "success", ""), ("tearDownClass (a.B)", "fail", "left")])
        self.assertEqual(rows, [("passed", "a.B.test_x", ""), ("failed", "tearDownClass (a.B)", "left")])
        self.assertEqual(results.summary(rows), "1 passed, 1 failed, 0 skipped")

    def test_a_test_that_never_ended_failed(self):
        self.assertEqual(results.judge(["t.T.t"], [("t.T.t", "inprogress", "")])[0][:2], ("failed", "t.T.t"))

    def test_the_cause_is_the_end_of_the_traceback(self):
        text = ('Traceback (most recent call last):\n  File "x.py", line 1, in f\n    raise E(\n    ^^^^^^^\n'
                "lib.exceptions.BadRequest: Bad request\nDetails: {'code': 400}\n")
        self.assertEqual(results.cause(text), "lib.exceptions.BadRequest: Bad request Details: {'code': 400}")


class Stream(unittest.TestCase):
    def test_a_subunit_stream_becomes_events(self):
        try:
            from subunit.v2 import StreamResultToBytes
        except ImportError:
            self.skipTest("the subunit library is only in the suite's own environment")
        with tempfile.NamedTemporaryFile() as file:
            writer = StreamResultToBytes(file)
            for test, status, name, text in [
                    ("a.B.ok", "success", None, None), ("a.B.bad", "fail", "traceback", "E: no\tgood\n"),
                    ("a.B.off", "skip", "reason", "why not")]:
                writer.status(test_id=test, test_status="inprogress")
                content = {"file_name": name, "file_bytes": text.encode(), "eof": True,
                           "mime_type": "text/plain; charset=utf8"} if name else {}
                writer.status(test_id=test, test_status=status, **content)
            writer.status(test_id="a.B.hung", test_status="inprogress")
            file.flush()
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                results.main(file.name)
        events = results.parse(printed.getvalue())
        self.assertEqual(sorted(events), [
            ("a.B.bad", "fail", "E: no good"), ("a.B.hung", "inprogress", ""), ("a.B.off", "skip", "why not"),
            ("a.B.ok", "success", "")])


class Configuration(unittest.TestCase):
    def test_every_name_is_filled_and_none_is_left_over(self):
        self.assertEqual(conformance.fill("a = @ONE@/v3\n# @NAME@ stays", {"ONE": 1}), "a = 1/v3\n# @NAME@ stays\n")
        with self.assertRaisesRegex(cloud.CloudError, "TWO"):
            conformance.fill("a = @TWO@", {})
        with self.assertRaisesRegex(cloud.CloudError, "no ONE"):
            conformance.fill("a = 1", {"ONE": 1})

    def test_the_frozen_file_names_only_what_values_gives(self):
        text = (conformance.FOLDER / "tempest.conf.in").read_text()
        self.assertNotIn("= latest", text)
        self.assertNotIn("api_extensions = all", text)

    def test_exclusions_carry_a_reason(self):
        for test, reason in conformance.excluded().items():
            self.assertTrue(reason, f"{test} is excluded without a reason")


class CloudsYaml(unittest.TestCase):
    def test_nested_mappings_and_quotes(self):
        text = ('clouds:\n  ferrostack:\n    auth:\n      auth_url: http://127.0.0.1:1/identity/v3\n'
                '      password: "s: e#c"\n    region_name: RegionOne\n    regions:\n    - a\n  other:\n    auth: {}\n')
        parsed = cloud.parse_yaml(text)["clouds"]
        self.assertEqual(parsed["ferrostack"]["auth"],
                         {"auth_url": "http://127.0.0.1:1/identity/v3", "password": "s: e#c"})
        self.assertEqual(parsed["ferrostack"]["region_name"], "RegionOne")


if __name__ == "__main__":
    unittest.main()
