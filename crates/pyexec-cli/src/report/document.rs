//! For programs: one JSON object at the end.

use super::{
    Report,
    record::{self, OutputRecord, Record},
};
use crate::{
    backend::Place,
    failure::Failure,
    watch::{Missing, Stream},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use pyexec_blocking::{
    Output,
    types::{ExecutionId, ExecutionResult, Status, StatusChange},
};

/// Gathers all there is to know of an execution and prints it as one JSON object.
pub(crate) struct Document {
    place: Place,
    id: Option<ExecutionId>,
    status: Option<Status>,
    output: [Vec<u8>; 2],
}

impl Document {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, id: None, status: None, output: Default::default() }
    }

    fn output(&mut self) -> OutputRecord {
        let [stdout, stderr] = std::mem::take(&mut self.output);
        let ((stdout, stdout_base64), (stderr, stderr_base64)) = (text(stdout), text(stderr));
        OutputRecord { stdout, stdout_base64, stderr, stderr_base64 }
    }
}

/// Bytes as text, and in base64 where they aren't.
fn text(bytes: Vec<u8>) -> (String, Option<String>) {
    String::from_utf8(bytes).map_or_else(
        |error| {
            let bytes = error.as_bytes();
            let text = String::from_utf8_lossy(bytes).into_owned();
            (text, Some(BASE64_STANDARD.encode(bytes)))
        },
        |text| (text, None),
    )
}

impl Report for Document {
    fn accepted(&mut self, id: &ExecutionId) -> Result<(), Failure> {
        self.id = Some(id.clone());
        Ok(())
    }

    fn status(&mut self, change: &StatusChange) -> Result<(), Failure> {
        self.status = Some(change.status.clone());
        Ok(())
    }

    fn output(&mut self, stream: Stream, piece: &Output) -> Result<(), Failure> {
        self.output[stream as usize].extend_from_slice(&piece.bytes);
        Ok(())
    }

    fn ended(&mut self, result: &ExecutionResult, missing: &Missing) -> Result<u8, Failure> {
        let missing = missing.failure();
        let output = Some(self.output());
        let server = self.place.to_string();
        record::print(&Record { output, server: &server, ..Record::of(result, missing.as_ref()) })?;
        Ok(super::exit_code(result, missing.as_ref()))
    }

    fn failed(&mut self, failure: Failure) -> Result<u8, Failure> {
        let (exit_code, server) = (failure.exits_with(), self.place.to_string());
        let output = Some(self.output());
        record::print(&Record {
            execution_id: self.id.as_ref().map(ExecutionId::as_str),
            status: self.status.as_ref().map(Status::as_str),
            exit_code: Some(exit_code),
            output,
            error: Some(failure.record()),
            server: &server,
            ..Record::default()
        })?;
        Ok(exit_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_kept_beside_it() {
        assert_eq!(text("é".into()), ("é".into(), None));
        assert_eq!(text(vec![b'a', 0xff]), ("a\u{fffd}".into(), Some("Yf8=".into())));
    }
}
