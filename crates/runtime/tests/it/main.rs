//! What cannot be seen from inside one process: its standard error on Cloud Run, in a file and on a terminal.

mod standard_error;
