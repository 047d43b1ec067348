"""The domain: what an Ideal Customer Profile is and how an account is judged against it.

Standard library only, no I/O, no clock, no logging: values in, values out.
"""

from __future__ import annotations
