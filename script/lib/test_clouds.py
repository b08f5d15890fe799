"""Tests of clouds.py: `python3 -m unittest discover script/lib`."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import clouds

OURS = """# Written at each start.
clouds:
  ferrostack:
    auth:
      auth_url: http://127.0.0.1:8080/identity/v3
      password: "a\\"b: #c"
    region_name: RegionOne
  ferrostack-demo:
    auth:
      auth_url: http://127.0.0.1:8080/identity/v3
"""
OWNER = "/var/lib/ferrostack"
THEIRS = """# My clouds; do not lose this.
client:
  force_ipv4: true
clouds:
    # the one at work
    work:   # very important
        auth: {auth_url: "https://cloud.example.org/v3"}

    'home':
        verify: false  # self-signed
# after
other: [1, 2]
"""


class Merging(unittest.TestCase):
    def test_an_empty_file_gets_both_clouds(self):
        text = clouds.merged("", OURS, OWNER)
        self.assertEqual(text.splitlines()[:4], [
            "clouds:", f"  ferrostack:  {clouds.MARK}{OWNER}", "    auth:",
            "      auth_url: http://127.0.0.1:8080/identity/v3"])
        self.assertIn('      password: "a\\"b: #c"\n', text)

    def test_other_clouds_comments_and_keys_stay(self):
        text = clouds.merged(THEIRS, OURS, OWNER)
        for line in THEIRS.splitlines():
            self.assertIn(line, text.splitlines())
        self.assertEqual(clouds.without(text, OWNER), THEIRS)

    def test_ours_are_indented_as_theirs(self):
        self.assertIn(f"\n    ferrostack:  {clouds.MARK}{OWNER}\n      auth:\n", clouds.merged(THEIRS, OURS, OWNER))

    def test_a_second_merge_changes_nothing_and_a_new_address_only_that(self):
        once = clouds.merged(THEIRS, OURS, OWNER)
        self.assertEqual(clouds.merged(once, OURS, OWNER), once)
        moved = clouds.merged(once, OURS.replace("8080", "9090"), OWNER)
        self.assertEqual(moved, once.replace("8080", "9090"))

    def test_an_empty_mapping_is_filled_and_left_behind(self):
        text = clouds.merged("clouds: {}\n", OURS, OWNER)
        self.assertTrue(text.startswith("clouds:\n  ferrostack:"))
        self.assertEqual(clouds.without(text, OWNER), "clouds: {}\n")

    def test_only_the_owners_clouds_are_removed(self):
        text = clouds.merged("clouds:\n  ferrostack-demo:\n    profile: mine\n", OURS, OWNER)
        self.assertNotIn("mine", text)
        self.assertEqual(clouds.without(text, "/elsewhere"), text)
        self.assertEqual(clouds.without("clouds:\n  ferrostack:\n    a: 1\n", OWNER), "clouds:\n  ferrostack:\n    a: 1\n")

    def test_what_cannot_be_edited_is_refused(self):
        for text in ("clouds: {a: {b: c}}\n", "clouds:\n  a:\n    b: c\n---\nclouds:\n", "clouds:\n  - a\n",
                     "clouds:\n\ta:\n"):
            with self.assertRaises(clouds.Refused, msg=text):
                clouds.merged(text, OURS, OWNER)


class Program(unittest.TestCase):
    def run_it(self, action, path, stdin=""):
        return subprocess.run([sys.executable, "-B", clouds.__file__, action, str(path), OWNER], input=stdin,
                              capture_output=True, text=True)

    def test_the_file_is_made_for_its_owner_only_and_a_link_stays_one(self):
        with tempfile.TemporaryDirectory() as folder:
            real, link = pathlib.Path(folder, "real.yaml"), pathlib.Path(folder, "x", "clouds.yaml")
            link.parent.mkdir()
            link.symlink_to(real)
            self.assertEqual(self.run_it("merge", link, OURS).stdout, "changed\n")
            self.assertTrue(link.is_symlink())
            self.assertEqual(real.stat().st_mode & 0o777, 0o600)
            self.assertEqual(self.run_it("merge", link, OURS).stdout, "")
            self.assertEqual(self.run_it("remove", link).stdout, "changed\n")
            self.assertEqual(real.read_text(), "clouds: {}\n")

    def test_a_refusal_leaves_the_file_and_says_why(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "clouds.yaml")
            path.write_text("clouds: {a: {b: c}}\n")
            done = self.run_it("merge", path, OURS)
            self.assertEqual((done.returncode, path.read_text()), (1, "clouds: {a: {b: c}}\n"))
            self.assertIn("stays as it is", done.stderr)

    def test_removing_from_no_file_makes_none(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "clouds.yaml")
            self.assertEqual(self.run_it("remove", path).returncode, 0)
            self.assertFalse(path.exists())


if __name__ == "__main__":
    unittest.main()
