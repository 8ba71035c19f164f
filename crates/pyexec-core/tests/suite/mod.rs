//! Cases that every client has to pass, over a [`Subject`]: a client that waits.
//!
//! This is no test by itself. A test file of a client includes it with `#[path]`, together with
//! the adapter of its client, and expands `suite::scripted!(Adapter)`.
#![allow(
    dead_code,
    unreachable_pub,
    unused_macros,
    unused_imports,
    clippy::print_stdout,
    clippy::unwrap_used
)]

pub mod api;
#[cfg(feature = "fs")]
pub mod big;
pub mod events;
pub mod fake;
pub mod feeds;
pub mod options;
pub mod original;
pub mod subject;
pub mod trouble;

pub use fake::Fake;
pub use subject::{Options, Subject};

/// A test for each case against a scripted double of the service.
macro_rules! scripted {
    ($subject:ty: $($module:ident { $($case:ident),* $(,)? })*) => {
        $(mod $module {
            $(#[test]
            fn $case() {
                crate::suite::$module::$case::<$subject>();
            })*
        })*
    };
    ($subject:ty) => {
        crate::suite::scripted! {
            $subject:
            api {
                sync_upload_is_what_the_original_reads,
                submit_wait_and_get,
                kill_names_the_status,
                eval_sends_json,
                health_of_the_original_and_of_ours,
                requirements_ask_once_what_is_offered,
                base_url_with_path_and_credentials,
                token_and_headers,
                ids_are_escaped,
                lists_page_by_page,
                unknown_statuses_are_kept,
                errors_keep_the_servers_words,
            }
            events {
                live_and_byte_for_byte,
                a_lost_connection_is_resumed,
                silence_is_a_lost_connection,
                a_stream_that_is_refused,
                an_event_without_end,
                a_server_without_events_is_asked,
            }
            feeds {
                chunks_as_they_come,
                opens_again_after_a_lost_connection,
                an_error_status_has_its_text,
                nobody_there,
                silence_ends_it,
            }
            options {
                retries_as_told,
                posts_are_repeated_where_the_user_says_so,
                a_refused_connection_is_tried_again,
                a_key_makes_submissions_repeatable,
                a_key_that_nobody_heeds_is_an_error,
                a_long_poll_where_it_is_offered,
                a_guard_kills_unless_disarmed,
                by_a_proxy,
                a_proxy_that_is_not_there,
                root_certificates_must_be_some,
            }
            original {
                every_operation_is_understood,
                its_results_are_read,
                its_refusals_keep_their_words,
            }
            trouble {
                refused,
                no_such_host,
                cut_off,
                not_http,
                too_slow,
                too_large_announced,
                too_large_unannounced,
                redirections_are_not_followed,
                get_is_repeated,
                post_is_not_repeated,
                refused_early_while_uploading,
                a_file_that_shrank,
                no_tls_in_plain_text,
                wait_gives_up,
                unauthorized_early_while_uploading,
                fifty_megabytes_of_result,
                an_answer_that_is_no_json,
            }
        }
    };
}
pub(crate) use scripted;
