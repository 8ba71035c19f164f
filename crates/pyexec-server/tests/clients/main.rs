//! Both clients against the real service: an embedded server, a real sandbox, a real Python.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "../../../pyexec-core/tests/suite/tokio.rs"]
mod async_client;
#[path = "../../../pyexec-core/tests/suite/blocking.rs"]
mod blocking_client;
mod cases;
mod errors;
mod events;
mod gone;
mod limits;
mod outcomes;
mod service;
mod suite;
mod tls;

/// A test for each case and client.
macro_rules! both {
    ($($module:ident { $($case:ident),* $(,)? })*) => {
        mod with_the_async_client {
            $(mod $module {
                $(#[test] fn $case() {
                    crate::$module::$case::<crate::async_client::Async>();
                })*
            })*
        }
        mod with_the_blocking_client {
            $(mod $module {
                $(#[test] fn $case() {
                    crate::$module::$case::<crate::blocking_client::Blocking>();
                })*
            })*
        }
    };
}

both! {
    cases {
        a_script_runs,
        arguments_input_variables_and_commands,
        input_that_is_no_text,
        exit_codes_and_signals,
        submit_wait_and_get,
        several_files_and_a_nested_entrypoint,
        links_are_kept_and_copied,
        versions_and_images,
        eval_has_a_result,
        eval_errors_name_the_users_line,
        eval_takes_variables_and_bytes,
        output_that_is_not_utf8,
        large_output_and_input_that_nobody_reads,
        processes_that_are_left_behind,
        our_own_api_is_out_of_reach,
        health_says_what_it_is,
        lists_where_they_are_offered,
    }
    limits {
        a_timeout_keeps_the_output,
        out_of_memory_is_told,
        output_above_the_cap_keeps_both_ends,
        output_past_the_limit_ends_it,
        a_quota_of_processors,
        kill_kills_and_stays,
        kill_of_a_pending_execution,
        a_full_queue_turns_away,
        waiting_in_the_queue_has_an_end,
        waiting_input_is_bounded,
    }
    events {
        they_add_up_to_the_result,
        they_end_with_a_kill,
        they_begin_in_the_queue,
        bytes_are_exact_where_they_are_live,
        what_the_server_leaves_out_is_a_gap,
        of_nothing_there_are_none,
    }
    outcomes {
        ends_of_the_scripts_own,
        ends_by_a_limit,
        ends_from_outside,
        what_cannot_be_started,
    }
    errors {
        unknown_ids,
        bad_archives,
        bad_entrypoints,
        bad_metadata,
        bad_code,
        what_is_not_offered,
        tokens,
        bodies_above_the_cap,
    }
    tls {
        a_root_of_ones_own,
        certificates_are_read_again,
        plain_http_is_told,
    }
}
