//! Executions, page after page.

use crate::{
    Call, CallOptions, Endpoint, Error, Feed, FeedEvent, FeedStep, Once, Result, Retry,
    embedded::{Embedded, embedded},
    endpoints::ListExecutions,
};
use pyexec_types::{ExecutionList, ExecutionResult};
use std::{collections::VecDeque, time::Instant};

/// The [`Feed`] of the caller's executions without their output, page after page (*ext*). A
/// [`ListExecutions`] will do for it: it says which they are, and how many are asked for at once.
///
/// ```
/// use pyexec_core::{Pages, endpoints::ListExecutions, types::Status};
///
/// let running = Pages::from(ListExecutions::new().status(Status::Running).limit(100));
/// ```
#[derive(Debug)]
#[must_use = "a feed does nothing unless a client follows it"]
pub struct Pages {
    options: CallOptions,
    list: ListExecutions,
    call: Option<Box<Retry<Once<ListExecutions>>>>,
    page: VecDeque<ExecutionResult>,
    has_more: bool,
}

impl From<ListExecutions> for Pages {
    fn from(list: ListExecutions) -> Self {
        Self {
            options: CallOptions::new(),
            list,
            call: None,
            page: VecDeque::new(),
            has_more: true,
        }
    }
}

impl Pages {
    /// Repeats what fails as a client does. A client does that itself.
    pub fn carried_out(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    fn turned(&mut self, page: ExecutionList) -> Result<()> {
        self.call = None;
        self.page = page.executions.into();
        self.has_more = page.next.is_some();
        if let Some(next) = page.next {
            // Else it would go round for ever.
            if self.list.position() == Some(&next) {
                return Err(Error::invalid("the server's list of executions doesn't go on"));
            }
            self.list = std::mem::take(&mut self.list).cursor(next);
        }
        Ok(())
    }
}

impl Feed for Pages {
    type Item = ExecutionResult;

    fn step(&mut self, event: FeedEvent, now: Instant) -> Result<FeedStep<ExecutionResult>> {
        let mut event = event;
        loop {
            if let Some(call) = &mut self.call {
                match embedded(&mut **call, event, now)? {
                    Embedded::Goes(step) => return Ok(step),
                    Embedded::Done(page) => self.turned(page)?,
                }
            }
            if let Some(execution) = self.page.pop_front() {
                return Ok(FeedStep::Yield(execution));
            }
            if !self.has_more {
                return Ok(FeedStep::End);
            }
            self.call = Some(Box::new(self.list.clone().once().retrying(self.options.retry)));
            event = FeedEvent::Start;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids of all pages, and what was asked for.
    fn all(pages: &[&str]) -> (Result<Vec<String>>, Vec<String>) {
        let mut feed = Pages::from(ListExecutions::new().limit(2));
        let (mut event, now) = (FeedEvent::Start, Instant::now());
        let (mut ids, mut asked, mut pages) = (Vec::new(), Vec::new(), pages.iter());
        loop {
            event = match feed.step(event, now) {
                Ok(FeedStep::Send(exchange)) => {
                    asked.push(exchange.request.uri().query().unwrap().to_owned());
                    let page = pages.next().unwrap().as_bytes().to_vec();
                    FeedEvent::Answered(http::Response::new(page))
                }
                Ok(FeedStep::Yield(execution)) => {
                    ids.push(execution.execution_id.to_string());
                    FeedEvent::Woken
                }
                Ok(FeedStep::End) => return (Ok(ids), asked),
                Err(error) => return (Err(error), asked),
                Ok(other) => panic!("{other:?}"),
            };
        }
    }

    #[test]
    fn every_page_is_asked_for_when_it_is_needed() {
        let (ids, asked) = all(&[
            r#"{"executions":[{"execution_id":"a","status":"running"},{"execution_id":"b","status":"killed"}],"next":"2"}"#,
            r#"{"executions":[],"next":"3"}"#,
            r#"{"executions":[{"execution_id":"c","status":"failed"}]}"#,
        ]);
        assert_eq!(ids.unwrap(), ["a", "b", "c"]);
        assert_eq!(asked, ["limit=2", "limit=2&cursor=2", "limit=2&cursor=3"]);
        assert_eq!(all(&["{}"]).0.unwrap(), [""; 0]);
    }

    #[test]
    fn a_list_that_goes_round_ends() {
        let (ids, _) = all(&[r#"{"next":"2"}"#, r#"{"next":"2"}"#]);
        assert!(ids.unwrap_err().to_string().contains("doesn't go on"));
    }
}
