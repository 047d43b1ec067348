"""The same org, the same accounts, by different hands: ``make compare``.

One simulated Salesforce org is read and written by ``icp run``, by scripts over plain
``simple-salesforce`` as people write them, and is pulled by dlt, which only stores. Each is a
process of its own; calls are counted by the simulator.
"""

from __future__ import annotations
