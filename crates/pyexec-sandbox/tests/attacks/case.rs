//! One attack, and what it may get.

use crate::ground::{Ground, Ran};
use pyexec_sandbox::{End, Job, Limits, RunAs};

/// One attack.
pub(crate) struct Case {
    /// What it tries.
    pub(crate) name: &'static str,
    /// What holds it.
    pub(crate) layer: &'static str,
    /// What the attacker gets all the same.
    pub(crate) gets: &'static str,
    pub(crate) attack: Attack,
    /// What `isolation.missing` names where it can't be held, and what that means.
    pub(crate) gap: Option<Gap>,
}

/// The name of what is missing, and what that means.
pub(crate) type Gap = (&'static str, &'static str);

pub(crate) enum Attack {
    Script(Script),
    /// One that takes more than a script.
    Steps(fn(&Ground) -> Result<(), String>),
}

/// A script whose every success for the attacker is a line that begins with `GOT`.
#[derive(Clone, Copy)]
pub(crate) struct Script {
    pub(crate) code: &'static str,
    /// Other files in its archive.
    files: &'static [(&'static str, &'static str)],
    env: &'static [&'static str],
    limit: fn(&mut Limits),
    run_as: RunAs,
    is_bare: bool,
    /// Beside "it printed no `GOT`".
    proof: fn(&Ran) -> bool,
}

/// A case whose script runs to its end, having got nothing.
pub(crate) const fn script(
    name: &'static str,
    layer: &'static str,
    gets: &'static str,
    code: &'static str,
) -> Case {
    let script = Script {
        code,
        files: &[],
        env: &[],
        limit: |_| {},
        run_as: RunAs::Script,
        is_bare: false,
        proof: |ran| ran.end() == &End::Exited(0) && ran.stdout.ends_with("tried\n"),
    };
    Case { name, layer, gets, attack: Attack::Script(script), gap: None }
}

/// A case that takes more than a script.
pub(crate) const fn steps(
    name: &'static str,
    layer: &'static str,
    gets: &'static str,
    attack: fn(&Ground) -> Result<(), String>,
) -> Case {
    Case { name, layer, gets, attack: Attack::Steps(attack), gap: None }
}

impl Case {
    const fn change(mut self, new: Script) -> Self {
        self.attack = Attack::Script(new);
        self
    }

    const fn script(&self) -> Script {
        match self.attack {
            Attack::Script(script) => script,
            Attack::Steps(_) => panic!("steps have no script"),
        }
    }

    pub(crate) const fn limits(self, limit: fn(&mut Limits)) -> Self {
        let script = self.script();
        self.change(Script { limit, ..script })
    }

    pub(crate) const fn files(self, files: &'static [(&'static str, &'static str)]) -> Self {
        let script = self.script();
        self.change(Script { files, ..script })
    }

    pub(crate) const fn env(self, env: &'static [&'static str]) -> Self {
        let script = self.script();
        self.change(Script { env, ..script })
    }

    /// What has to be true, instead of a normal end.
    pub(crate) const fn proof(self, proof: fn(&Ran) -> bool) -> Self {
        let script = self.script();
        self.change(Script { proof, ..script })
    }

    /// As an evaluation, and without the helper functions.
    pub(crate) const fn eval(self) -> Self {
        let script = self.script();
        self.change(Script { run_as: RunAs::Eval, is_bare: true, ..script })
    }

    pub(crate) const fn gap(mut self, missing: &'static str, why: &'static str) -> Self {
        self.gap = Some((missing, why));
        self
    }

    /// Runs it; what went wrong otherwise.
    pub(crate) fn run(&self, ground: &Ground) -> Result<(), String> {
        match &self.attack {
            Attack::Steps(attack) => attack(ground),
            Attack::Script(script) => {
                let ran = ground.run(script.job(ground))?;
                if ran.got().is_empty() && (script.proof)(&ran) {
                    Ok(())
                } else {
                    Err(format!("{ran:?}"))
                }
            }
        }
    }
}

impl Script {
    fn job(&self, ground: &Ground) -> Job {
        let text = if self.is_bare { self.code.to_owned() } else { whole(self.code) };
        let main = [("main.py", text.as_str())];
        let mut job = ground.job(&[&main, self.files].concat());
        job.env = self.env.iter().map(|pair| (*pair).to_owned()).collect();
        job.run_as = self.run_as;
        (self.limit)(&mut job.limits);
        job
    }
}

/// The script with the functions that it uses.
pub(crate) fn whole(code: &str) -> String {
    format!("{}\n{code}\nprint('tried', flush=True)\n", include_str!("prelude.py"))
}
