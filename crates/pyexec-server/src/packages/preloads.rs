//! Modules that an operator has imported before anyone asks for them.

use super::{Needs, PackageSource, Packages, imports};
use pyexec_sandbox::{Preload, PythonVersion};
use std::{
    error::Error,
    sync::{Arc, atomic::AtomicBool},
};

impl PackageSource {
    /// Installs what the operator wants imported beforehand, for a version; what can't be had is
    /// left out, and said in the log. The packages stay as long as this does.
    pub(crate) fn preloads(&mut self, version: PythonVersion) -> Vec<Preload> {
        let mut preloads = Vec::new();
        for list in self.options.preload.clone() {
            let modules: Vec<_> = list.split(',').map(str::trim).collect();
            match self.preloaded(version, &modules) {
                Ok(packages) => {
                    preloads.push(Preload::new(version, packages.environment(), modules));
                    self.held.push(packages);
                }
                Err(error) => {
                    tracing::warn!(modules = list, error, "nothing is imported beforehand");
                }
            }
        }
        preloads
    }

    fn preloaded(&self, version: PythonVersion, modules: &[&str]) -> Result<Packages, String> {
        if !self.is_offered() {
            return Err("no packages can be installed here".to_owned());
        }
        let needs = Needs::of(&imports::of_modules(modules, version, &self.policy)?);
        let cancelled = Arc::<AtomicBool>::default();
        self.obtain(version, needs, &cancelled, &mut |_| {}).map_err(|error| {
            let causes = crate::verdict::chain(&error as &dyn Error);
            format!("{causes}\n{}", error.log()).trim_end().to_owned()
        })
    }
}
