# Runs the suite's own program with a log that is complete at any moment, for units that must be given up.
fconfigure stdout -buffering line
source tests/test_helper.tcl
