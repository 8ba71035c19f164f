//! Isolation and interpreters on this machine.

use super::{
    Diagnosis,
    finding::{Finding, Standing},
};
use crate::args::DoctorArgs;
use pyexec_sandbox::{self as sandbox, IsolationLevel, SandboxOptions};

/// Tries it all out, which takes a second or so.
pub(super) fn examine(args: &DoctorArgs, diagnosis: &mut Diagnosis) {
    let found = sandbox::Diagnosis::of(&SandboxOptions {
        isolation: args.isolation,
        cgroup: args.cgroup.clone(),
        ..SandboxOptions::default()
    });
    let level = found.level.map_or("refused", IsolationLevel::as_str);
    diagnosis.level = Some(level.to_owned());
    diagnosis.is_weak = found.level != Some(IsolationLevel::Full);
    diagnosis.findings.extend(found.findings.into_iter().map(Finding::from));
}

impl From<sandbox::Finding> for Finding {
    fn from(found: sandbox::Finding) -> Self {
        let standing = match found.standing {
            sandbox::Standing::Ok => Standing::Ok,
            sandbox::Standing::Warn => Standing::Warn,
            sandbox::Standing::Fail => Standing::Fail,
        };
        let finding = Self::new(standing, found.subject, found.text);
        let finding = Self { hint: found.hint, ..finding };
        match found.took {
            Some(took) => finding.took(took),
            None => finding,
        }
    }
}
