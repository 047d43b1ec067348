"""A simulated Salesforce org: an independent witness of how the real one answers."""
