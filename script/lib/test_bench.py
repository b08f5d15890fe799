"""Tests of script/bench's own parts: `python3 -m unittest discover script/lib`."""

import unittest

from bench import LATER, ROWS, Figure


class Ratios(unittest.TestCase):
    def test_more_is_better_for_rates_and_less_for_times(self):
        self.assertEqual(Figure("w", 700, "/s", 14).ratio, 50)
        self.assertEqual(Figure("w", 5, "ms", 550, "less").ratio, 110)
        self.assertIsNone(Figure("w", 5, "ms").ratio)

    def test_what_is_not_reached_is_said(self):
        self.assertEqual(Figure("w", 100, "/s", 14, floor=20).short, "below 20x")
        self.assertEqual(Figure("w", 300, "/s", 14, floor=20).short, "")
        self.assertEqual(Figure("w", 0.7, "s", 24, "less", limit=0.5).short, "above 0.5 s")
        self.assertEqual(Figure("w", 1, "/s", floor=20).short, "", "without a peer's figure there is no ratio to reach")

    def test_a_row_is_measured_or_explained(self):
        self.assertFalse(set(ROWS) & set(LATER))


if __name__ == "__main__":
    unittest.main()
