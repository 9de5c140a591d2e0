//! Arguments that are state of the worker: `&T` and `State<T>`, as providers, hooks, tasks and message handlers take them.
//!
//! It does not see whether anybody provides the state: that is known when the program starts.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::{GenericArgument, PathArguments, Type, TypePath};

use crate::{
    errors::{Errors, with_help},
    function::Argument,
    words,
};

/// An argument: the provided type it asks for, and how it is passed.
pub(crate) struct Need<'a> {
    argument: &'a Argument,
    ty: &'a Type,
    local: Ident,
    borrowed: bool,
}

impl<'a> Need<'a> {
    /// What the argument asks for, if it asks for state at all.
    pub(crate) fn of(number: usize, argument: &'a Argument) -> Option<Self> {
        let local = Ident::new(&format!("need_{}", number + 1), argument.span());
        match &argument.ty {
            Type::Reference(reference) if reference.mutability.is_none() => {
                Some(Need { argument, ty: &reference.elem, local, borrowed: true })
            }
            ty => state(ty).map(|ty| Need { argument, ty, local, borrowed: false }),
        }
    }

    /// What these arguments ask for; one that is no state is a mistake of `noun`.
    pub(crate) fn all(arguments: &'a [Argument], noun: &str, errors: &mut Errors) -> Vec<Self> {
        let needs = arguments.iter().enumerate().filter_map(|(number, argument)| {
            let need = Self::of(number, argument);
            match &need {
                None => not_state(argument, noun, errors),
                Some(need) => check_sized(need, noun, errors),
            }
            need
        });
        needs.collect()
    }

    /// The entry in the list of what the function needs.
    pub(crate) fn requirement(&self) -> TokenStream {
        let ty = self.ty;
        quote_spanned!(self.argument.span()=> _pulsar::Requirement::of::<#ty>())
    }

    /// The line that takes the value from the `context`.
    pub(crate) fn line(&self) -> TokenStream {
        let Need { argument, ty, local, .. } = self;
        quote_spanned!(argument.span()=> let #local = context.need::<#ty>();)
    }

    /// The value as it is passed in the call.
    pub(crate) fn passed(&self) -> TokenStream {
        let Need { argument, local, borrowed, .. } = self;
        if *borrowed {
            quote_spanned!(argument.span()=> &*#local)
        } else {
            quote_spanned!(argument.span()=> _pulsar::State(#local))
        }
    }
}

/// `&str` and `&[T]` are how functions take text and lists, and nobody provides those.
fn check_sized(need: &Need<'_>, noun: &str, errors: &mut Errors) {
    let unsized_type = match need.ty {
        Type::Slice(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    };
    if unsized_type {
        let message = format!(
            "{noun} is passed what a `#[provide]` makes, and none makes a `{}`",
            words::source(need.ty)
        );
        let help = "put it into a struct of its own, and take `&TheStruct`";
        errors.at(&need.argument.ty, with_help(message, help));
    }
}

fn not_state(argument: &Argument, noun: &str, errors: &mut Errors) {
    // That its type is not named has been said.
    if matches!(argument.ty, Type::ImplTrait(_)) {
        return;
    }
    let written = words::source(&argument.ty);
    let help = match &argument.ty {
        Type::Reference(reference) => {
            format!("others share it: write `&{}`", words::source(&reference.elem))
        }
        _ => format!("write `&{written}`, or `State<{written}>` to keep it"),
    };
    let message = format!("an argument of {noun} is `&T` or `State<T>`, not `{written}`");
    errors.at(&argument.ty, with_help(message, help));
}

/// `State<T>`, under any path: the `T`.
fn state(ty: &Type) -> Option<&Type> {
    let Type::Path(TypePath { path, .. }) = ty else { return None };
    let last = path.segments.last().filter(|last| last.ident == "State")?;
    let PathArguments::AngleBracketed(generics) = &last.arguments else { return None };
    match generics.args.first() {
        Some(GenericArgument::Type(ty)) if generics.args.len() == 1 => Some(ty),
        _ => None,
    }
}
