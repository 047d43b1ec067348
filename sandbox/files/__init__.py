"""Reading a file of companies: its rows, what its columns mean, and the values HubSpot takes."""

from __future__ import annotations
