//! With this machine's own configuration and its package index, where there is one.

use crate::support::{Store, Tool, names, newest, run, tools};
use pyexec_packages::{InstallFailure as F, Installer, InstallerOptions};

#[test]
fn packages_of_a_real_index() {
    for tool in tools() {
        let options = InstallerOptions::new();
        let options = match tool {
            Tool::Pip => options.pip(),
            Tool::Uv => crate::support::named_uv(options),
        };
        let installer = Installer::find(&options, newest()).unwrap();
        let store = Store::new();
        let environment = match store.obtain(&installer, &["colorama>=0.4", "six"]) {
            Ok(environment) => environment,
            Err(error) if matches!(error.failure(), F::IndexUnreachable { .. }) => {
                crate::support::skip(&format!("SKIPPED {tool:?} with an index: {error}"));
                continue;
            }
            Err(error) => panic!("{tool:?}: {error}\n{}", error.log()),
        };
        assert!(names(&environment)[0].starts_with("colorama 0."), "{environment:?}");
        let code = "import colorama, six; print(colorama.Fore.RED == '\\x1b[31m', six.PY3)";
        assert_eq!(run(newest(), &environment, code), "True True");
        let environment = store.obtain(&installer, &["numpy"]).unwrap();
        let code = "import numpy; print(numpy.arange(5).sum())";
        assert_eq!(run(newest(), &environment, code), "10");
        let unknown = "pyexec-tests-want-no-package-of-this-name";
        let error = store.obtain(&installer, &[unknown]).unwrap_err();
        assert!(
            matches!(error.failure(), F::NoSuchPackage { requirement, .. } if requirement == unknown),
            "{error:?}"
        );
        let error = store.obtain(&installer, &["six==99999"]).unwrap_err();
        assert!(matches!(error.failure(), F::NoMatchingVersion { .. }), "{error:?}");
    }
}
