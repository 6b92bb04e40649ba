//! What cannot be seen from inside one process: its standard error on Cloud Run, in a file and on a terminal.

#[cfg(test)]
mod standard_error;
