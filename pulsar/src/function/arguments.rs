//! Where the arguments of an annotated function come from, and what each takes of a request.

use std::marker::PhantomData;

use bytes::Bytes;
use http::request::Parts;

use crate::{
    body::{Body, Request, Response},
    bounds::{Extractor, HeadExtractor, Named, PathValue},
    context::Context,
    extract::{Form, Json, Query, State},
    handler::Needs,
    request::Params,
};

/// A function of these arguments. Not public API.
#[doc(hidden)]
pub trait Call<Given> {
    type Output;

    fn call(&self, given: Given) -> Self::Output;
}

/// What the extractors of a handler take: the request, whole or in its parts.
#[doc(hidden)]
#[derive(Debug)]
pub struct Source {
    request: Taken,
    context: Context,
}

#[derive(Debug)]
enum Taken {
    Whole(Request),
    Split(Parts, Body),
    Gone,
}

impl Source {
    pub(super) fn new(request: Request, context: &Context) -> Self {
        Self { request: Taken::Whole(request), context: context.clone() }
    }

    fn head(&mut self) -> (&mut Parts, &Context) {
        if let Taken::Whole(_) = self.request
            && let Taken::Whole(request) = std::mem::replace(&mut self.request, Taken::Gone)
        {
            let (parts, body) = request.into_parts();
            self.request = Taken::Split(parts, body);
        }
        match &mut self.request {
            Taken::Split(parts, _) => (parts, &self.context),
            Taken::Whole(_) | Taken::Gone => unreachable!("the last extractor takes the request"),
        }
    }

    fn all(&mut self) -> (Request, &Context) {
        let request = match std::mem::replace(&mut self.request, Taken::Gone) {
            Taken::Whole(request) => request,
            Taken::Split(parts, body) => Request::from_parts(parts, body),
            Taken::Gone => unreachable!("a handler has one last extractor"),
        };
        (request, &self.context)
    }
}

/// The path value at this index, as the text that it is. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct TextAt(pub usize);

/// The path value at this index, parsed. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct ValueAt<T>(pub usize, pub Named<T>);

/// An extractor before the last one, and whether it [reads](Reads) nothing but what the client sent. Not public API. Used by generated
/// code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Head<T>(pub Named<T>, pub bool);

/// The last extractor, which may take the body, and whether it [reads](Reads) nothing but what the client sent. Not public API. Used by
/// generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Last<T, Via>(pub Named<(T, Via)>, pub bool);

/// Whether an extractor reads nothing but what the client sent: what is known besides need not be put into the request then, which costs
/// more than to read a short body. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Reads<T>(PhantomData<T>);

macro_rules! reads_no_more {
    ($([$($parameter:ident)?] $type:ty),+ $(,)?) => {
        $(impl$(<$parameter>)? Reads<$type> {
            /// Not public API.
            pub const NO_MORE: bool = true;
        })+
    };
}

// Those of which the macro asks it: see `READ_NO_MORE` there.
reads_no_more!([T] Form<T>, [T] Json<T>, [T] Query<T>, [T] State<T>, [] Bytes, [] String);

/// The other case: nobody knows what a foreign extractor looks for. Not public API. Used by generated code.
#[doc(hidden)]
pub trait MayReadMore {
    /// Not public API.
    const NO_MORE: bool = false;
}

impl<T> MayReadMore for Reads<T> {}

/// What an extractor needs, which may read no more than what the client sent.
fn needs(reads_no_more: bool) -> Needs {
    if reads_no_more { Needs::Sent } else { Needs::All }
}

/// What arguments are given to a function, whether or not they can be had. Not public API.
#[doc(hidden)]
pub trait Takes {
    type Given<'a>;
}

/// Where an argument comes from, or all arguments of a function: those are pairs of the first one and the rest, with `()` behind the
/// last one. What it does is compiled once for all functions of the same arguments. Not public API.
#[doc(hidden)]
pub trait Arguments: Takes + Sync + 'static {
    /// Whether anything is taken from the request.
    const EXTRACT: bool;
    /// What is known before the request is read.
    type Early: Send + 'static;
    /// What is kept until the call.
    type Ready: Send + 'static;

    /// What is taken from the request.
    fn needs(&self) -> Needs;

    /// `None` if a path value does not fit its type.
    fn early(&self, params: &Params) -> Option<Self::Early>;

    /// What is ready without the request.
    ///
    /// # Panics
    ///
    /// Panics if something is taken from the request.
    fn at_once(&self, early: Self::Early) -> Self::Ready;

    /// The error is what an extractor refuses the request with.
    fn take(
        &self,
        early: Self::Early,
        source: &mut Source,
    ) -> impl Future<Output = Result<Self::Ready, Response>> + Send;

    /// Takes all that is taken from a request.
    fn take_all(
        &'static self,
        early: Self::Early,
        mut source: Source,
    ) -> impl Future<Output = Result<Self::Ready, Response>> + Send + 'static {
        async move { self.take(early, &mut source).await }
    }

    fn give<'a>(&self, ready: Self::Ready, params: &'a Params) -> Self::Given<'a>;
}

impl Takes for TextAt {
    type Given<'a> = &'a str;
}

impl Arguments for TextAt {
    const EXTRACT: bool = false;
    type Early = ();
    type Ready = ();

    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn early(&self, _: &Params) -> Option<()> {
        Some(())
    }

    fn at_once(&self, (): ()) {}

    async fn take(&self, (): (), _: &mut Source) -> Result<(), Response> {
        Ok(())
    }

    fn give<'a>(&self, (): (), params: &'a Params) -> &'a str {
        params.str(self.0)
    }
}

impl<T> Takes for ValueAt<T> {
    type Given<'a> = T;
}

impl<T: PathValue + Send + 'static> Arguments for ValueAt<T> {
    const EXTRACT: bool = false;
    type Early = T;
    type Ready = T;

    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn early(&self, params: &Params) -> Option<T> {
        T::of(params, self.0)
    }

    fn at_once(&self, early: T) -> T {
        early
    }

    async fn take(&self, early: T, _: &mut Source) -> Result<T, Response> {
        Ok(early)
    }

    fn give(&self, ready: T, _: &Params) -> T {
        ready
    }
}

impl<T> Takes for Head<T> {
    type Given<'a> = T;
}

impl<T: HeadExtractor + Send + 'static> Arguments for Head<T> {
    const EXTRACT: bool = true;
    type Early = ();
    type Ready = T;

    fn needs(&self) -> Needs {
        needs(self.1)
    }

    fn early(&self, _: &Params) -> Option<()> {
        Some(())
    }

    fn at_once(&self, (): ()) -> T {
        unreachable!("an extractor takes the request")
    }

    fn take(&self, (): (), source: &mut Source) -> impl Future<Output = Result<T, Response>> + Send {
        let (parts, context) = source.head();
        T::extract(parts, context)
    }

    fn give(&self, ready: T, _: &Params) -> T {
        ready
    }
}

impl<T, Via> Takes for Last<T, Via> {
    type Given<'a> = T;
}

impl<T: Extractor<Via> + Send + 'static, Via: 'static> Arguments for Last<T, Via> {
    const EXTRACT: bool = true;
    type Early = ();
    type Ready = T;

    fn needs(&self) -> Needs {
        needs(self.1)
    }

    fn early(&self, _: &Params) -> Option<()> {
        Some(())
    }

    fn at_once(&self, (): ()) -> T {
        unreachable!("an extractor takes the request")
    }

    fn take(&self, (): (), source: &mut Source) -> impl Future<Output = Result<T, Response>> + Send {
        let (request, context) = source.all();
        T::extract(request, context)
    }

    fn give(&self, ready: T, _: &Params) -> T {
        ready
    }
}

impl Takes for () {
    type Given<'a> = ();
}

impl Arguments for () {
    const EXTRACT: bool = false;
    type Early = ();
    type Ready = ();

    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn early(&self, _: &Params) -> Option<()> {
        Some(())
    }

    fn at_once(&self, (): ()) {}

    async fn take(&self, (): (), _: &mut Source) -> Result<(), Response> {
        Ok(())
    }

    fn give(&self, (): (), _: &Params) {}
}

impl<First: Takes, Rest: Takes> Takes for (First, Rest) {
    type Given<'a> = (First::Given<'a>, Rest::Given<'a>);
}

impl<First: Arguments, Rest: Arguments> Arguments for (First, Rest) {
    const EXTRACT: bool = First::EXTRACT || Rest::EXTRACT;
    type Early = (First::Early, Rest::Early);
    type Ready = (First::Ready, Rest::Ready);

    fn needs(&self) -> Needs {
        self.0.needs().max(self.1.needs())
    }

    fn early(&self, params: &Params) -> Option<Self::Early> {
        Some((self.0.early(params)?, self.1.early(params)?))
    }

    fn at_once(&self, (first, rest): Self::Early) -> Self::Ready {
        (self.0.at_once(first), self.1.at_once(rest))
    }

    async fn take(&self, (first, rest): Self::Early, source: &mut Source) -> Result<Self::Ready, Response> {
        Ok((self.0.take(first, source).await?, self.1.take(rest, source).await?))
    }

    fn give<'a>(&self, (first, rest): Self::Ready, params: &'a Params) -> Self::Given<'a> {
        (self.0.give(first, params), self.1.give(rest, params))
    }
}

macro_rules! pairs {
    () => { () };
    ($first:ident $($rest:ident)*) => { ($first, pairs!($($rest)*)) };
}

macro_rules! call {
    ($($given:ident)*) => {
        impl<F: Fn($($given),*) -> R, R, $($given),*> Call<pairs!($($given)*)> for F {
            type Output = R;

            #[allow(non_snake_case)] // the values are named like their types
            fn call(&self, pairs!($($given)*): pairs!($($given)*)) -> R {
                self($($given),*)
            }
        }
    };
}

call!();
call!(T0);
call!(T0 T1);
call!(T0 T1 T2);
call!(T0 T1 T2 T3);
call!(T0 T1 T2 T3 T4);
call!(T0 T1 T2 T3 T4 T5);
call!(T0 T1 T2 T3 T4 T5 T6);
call!(T0 T1 T2 T3 T4 T5 T6 T7);
call!(T0 T1 T2 T3 T4 T5 T6 T7 T8);
call!(T0 T1 T2 T3 T4 T5 T6 T7 T8 T9);
call!(T0 T1 T2 T3 T4 T5 T6 T7 T8 T9 T10);
call!(T0 T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11);
call!(T0 T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12);
call!(T0 T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 T13);
call!(T0 T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 T13 T14);
call!(T0 T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 T13 T14 T15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_says_whether_an_extractor_reads_no_more_and_not_its_name() {
        mod foreign {
            pub(super) struct State;
            pub(super) struct Query;
        }
        let ours = [Reads::<State<u8>>::NO_MORE, Reads::<Query<u8>>::NO_MORE, Reads::<String>::NO_MORE];
        assert_eq!(ours, [true; 3]);
        let foreign = [Reads::<foreign::State>::NO_MORE, Reads::<foreign::Query>::NO_MORE];
        assert_eq!(foreign, [false; 2]);
        assert_eq!(needs(true).max(needs(false)), Needs::All, "one that may read more is enough");
    }
}
