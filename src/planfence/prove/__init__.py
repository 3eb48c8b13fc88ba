"""Whether the tests would have noticed: parts of a change are taken away, and the tests run without them."""
