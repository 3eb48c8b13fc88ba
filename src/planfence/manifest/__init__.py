"""Plan and policy: their data, their readers with places, amendments. Pure."""
