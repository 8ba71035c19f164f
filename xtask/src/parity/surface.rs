//! What a type or a trait offers: its methods, in a form that can be compared.

use std::{collections::BTreeMap, error::Error, path::Path};
use syn::{
    Attribute, File, FnArg, GenericArgument, ImplItem, Item, ItemImpl, ItemTrait, Pat,
    PathArguments, ReturnType, Signature, TraitItem, Type, Visibility, parse_quote,
};
use xshell::Shell;

/// The methods that callers of a type or a trait have.
pub(super) struct Surface {
    /// Whose it is, for messages.
    pub(super) owner: &'static str,
    pub(super) methods: BTreeMap<String, Method>,
}

/// A method as its callers see it: whether it waits or is awaited, and which of its arguments it
/// changes for itself, makes no difference.
#[derive(Debug, PartialEq)]
pub(super) struct Method {
    /// With the generics.
    pub(super) arguments: String,
    /// What it returns, or what its future does.
    pub(super) returns: String,
}

/// A piece of syntax as text. A function would have to name the trait of `quote` for it, which
/// would be a dependency of its own; syn's macros know the way.
macro_rules! text {
    ($piece:expr) => {{
        let piece = $piece;
        let holder: syn::MetaList = parse_quote!(holder(#piece));
        spaced(&holder.tokens.to_string())
    }};
}

impl Surface {
    /// The methods of a trait that reply, with `Result<T>` for `Self::Reply<'_, T>`. `run` is how
    /// the others are done, and a client may have it in another form.
    pub(super) fn of_trait(name: &'static str, files: &[File]) -> Result<Self, String> {
        let mut surface = Self { owner: name, methods: BTreeMap::new() };
        for item in items(files) {
            if let Item::Trait(ItemTrait { ident, items, .. }) = item
                && ident == name
            {
                for item in items {
                    if let TraitItem::Fn(method) = item
                        && method.sig.ident != "run"
                        && let Some(reply) = reply(&method.sig.output)
                    {
                        surface.add(&method.sig, text!(result_of(reply)))?;
                    }
                }
            }
        }
        surface.not_empty(name)
    }

    /// The public methods in a type's own `impl` blocks.
    pub(super) fn of_type(owner: &'static str, name: &str, files: &[File]) -> Result<Self, String> {
        let mut surface = Self { owner, methods: BTreeMap::new() };
        for item in items(files) {
            if let Item::Impl(ItemImpl { trait_: None, self_ty, items, .. }) = item
                && last_name(self_ty).is_some_and(|last| last == name)
            {
                for item in items {
                    if let ImplItem::Fn(method) = item
                        && matches!(method.vis, Visibility::Public(_))
                        && !for_tests(&method.attrs)
                    {
                        let returns = match &method.sig.output {
                            ReturnType::Default => "()".to_owned(),
                            ReturnType::Type(_, returned) => text!(returned),
                        };
                        surface.add(&method.sig, returns)?;
                    }
                }
            }
        }
        surface.not_empty(name)
    }

    fn add(&mut self, signature: &Signature, returns: String) -> Result<(), String> {
        let name = signature.ident.to_string();
        let method = Method { arguments: arguments(signature), returns };
        // Two of a name are one method in two configurations.
        match self.methods.get(&name) {
            Some(known) if *known != method => {
                Err(format!("{} has two different methods `{name}`", self.owner))
            }
            _ => {
                self.methods.insert(name, method);
                Ok(())
            }
        }
    }

    /// Nothing found is a name that has changed, and would compare equal to nothing.
    fn not_empty(self, name: &str) -> Result<Self, String> {
        if self.methods.is_empty() {
            return Err(format!("found no methods of `{name}` in {}", self.owner));
        }
        Ok(self)
    }
}

/// Every Rust file in a folder and below.
pub(super) fn parsed(shell: &Shell, folder: &Path) -> Result<Vec<File>, Box<dyn Error>> {
    let mut files = Vec::new();
    for path in shell.read_dir(folder)? {
        if path.is_dir() {
            files.extend(parsed(shell, &path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = shell.read_file(&path)?;
            let file = syn::parse_file(&source)
                .map_err(|error| format!("cannot parse {}: {error}", path.display()))?;
            files.push(file);
        }
    }
    Ok(files)
}

/// What files declare, in modules as well, but nothing that is there for tests.
fn items(files: &[File]) -> Vec<&Item> {
    fn collect<'a>(items: &'a [Item], found: &mut Vec<&'a Item>) {
        for item in items {
            match item {
                Item::Mod(module) if !for_tests(&module.attrs) => {
                    if let Some((_, items)) = &module.content {
                        collect(items, found);
                    }
                }
                Item::Impl(block) if for_tests(&block.attrs) => {}
                other => found.push(other),
            }
        }
    }
    let mut found = Vec::new();
    for file in files {
        collect(&file.items, &mut found);
    }
    found
}

fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| text!(attribute) == "#[cfg(test)]")
}

/// The generics and arguments of a method, without what only its body knows of: `mut`.
fn arguments(signature: &Signature) -> String {
    let mut inputs = signature.inputs.clone();
    inputs.pop_punct();
    for input in &mut inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.mutability = None,
            FnArg::Typed(argument) => {
                if let Pat::Ident(name) = &mut *argument.pat {
                    name.mutability = None;
                }
            }
        }
    }
    let generics = text!(&signature.generics);
    let bounds = text!(&signature.generics.where_clause);
    format!("{generics}({}) {bounds}", text!(inputs)).trim_end().to_owned()
}

/// The `T` of `Self::Reply<'_, T>`.
fn reply(output: &ReturnType) -> Option<&Type> {
    let ReturnType::Type(_, returned) = output else { return None };
    let Type::Path(returned) = &**returned else { return None };
    let last = returned.path.segments.last().filter(|last| last.ident == "Reply")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(reply) => Some(reply),
        _ => None,
    })
}

fn result_of(reply: &Type) -> Type {
    parse_quote!(Result<#reply>)
}

fn last_name(of: &Type) -> Option<String> {
    let Type::Path(path) = of else { return None };
    path.path.segments.last().map(|last| last.ident.to_string())
}

/// Tokens as they are written, not with a space around each.
fn spaced(tokens: &str) -> String {
    let mut text = format!(" {tokens} ");
    for (loose, close) in [
        (" :: ", "::"),
        (" < ", "<"),
        (" , >", ">"),
        (" >", ">"),
        (" ,", ","),
        (" : ", ": "),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" [", "["),
        ("[ ", "["),
        (" ]", "]"),
        ("# ", "#"),
        ("& ", "&"),
    ] {
        text = text.replace(loose, close);
    }
    text.trim().to_owned()
}
