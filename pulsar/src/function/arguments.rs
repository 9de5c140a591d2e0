//! Where the arguments of an annotated function come from, and what each takes of a request.

use std::marker::PhantomData;

use axum_core::response::IntoResponse;
use bytes::Bytes;
use http::request::Parts;

use crate::{
    body::{Body, Request, Response},
    bounds::{Extractor, HeadExtractor, Named, PathValue},
    context::Context,
    extract::{Form, Json, Query, State},
    handler::{Needs, Reply},
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

/// An extractor before the last one, and [what it reads](Reads). Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Head<T, Kind>(pub Named<T>, pub Kind);

/// The last extractor, which may take the body, and [what it reads](Reads). Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Last<T, Via, Kind>(pub Named<(T, Via)>, pub Kind);

/// What an extractor reads, as `KIND`: less than all is worth to be known, for to put what the server knows into a request costs more than
/// to read a short body. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Reads<T>(PhantomData<T>);

/// It may look for anything. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Anything;

/// It reads nothing but what the client sent. Not public API.
#[doc(hidden)]
#[derive(Debug)]
pub struct WhatWasSent;

/// It reads nothing of a request, and is there at once. Not public API.
#[doc(hidden)]
#[derive(Debug)]
pub struct Nothing;

/// What an extractor needs of a request. Not public API.
#[doc(hidden)]
pub trait Kind: Sync + 'static {
    const NEEDS: Needs;
}

impl Kind for Anything {
    const NEEDS: Needs = Needs::All;
}

impl Kind for WhatWasSent {
    const NEEDS: Needs = Needs::Sent;
}

macro_rules! reads_what_was_sent {
    ($([$($parameter:ident)?] $type:ty),+ $(,)?) => {
        $(impl$(<$parameter>)? Reads<$type> {
            /// Not public API.
            pub const KIND: WhatWasSent = WhatWasSent;
        })+
    };
}

// These and `State` are what the macro asks it of: see `READ_LESS` there.
reads_what_was_sent!([T] Form<T>, [T] Json<T>, [T] Query<T>, [] Bytes, [] String);

impl<T> Reads<State<T>> {
    /// Not public API.
    pub const KIND: Nothing = Nothing;
}

/// The other case: nobody knows what a foreign extractor looks for. Not public API. Used by generated code.
#[doc(hidden)]
pub trait MayReadMore {
    /// Not public API.
    const KIND: Anything = Anything;
}

impl<T> MayReadMore for Reads<T> {}

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

    /// The error is the answer if a path value does not fit its type, or state is missing.
    fn early(&self, params: &Params, context: &Context) -> Result<Self::Early, Box<Reply>>;

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

    fn early(&self, _: &Params, _: &Context) -> Result<(), Box<Reply>> {
        Ok(())
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

    fn early(&self, params: &Params, _: &Context) -> Result<T, Box<Reply>> {
        T::of(params, self.0).ok_or_else(|| Box::new(Reply::no_such_value()))
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

impl<T, K> Takes for Head<T, K> {
    type Given<'a> = T;
}

impl<T: HeadExtractor + Send + 'static, K: Kind> Arguments for Head<T, K> {
    const EXTRACT: bool = true;
    type Early = ();
    type Ready = T;

    fn needs(&self) -> Needs {
        K::NEEDS
    }

    fn early(&self, _: &Params, _: &Context) -> Result<(), Box<Reply>> {
        Ok(())
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

impl<T, Via, K> Takes for Last<T, Via, K> {
    type Given<'a> = T;
}

impl<T: Extractor<Via> + Send + 'static, Via: 'static, K: Kind> Arguments for Last<T, Via, K> {
    const EXTRACT: bool = true;
    type Early = ();
    type Ready = T;

    fn needs(&self) -> Needs {
        K::NEEDS
    }

    fn early(&self, _: &Params, _: &Context) -> Result<(), Box<Reply>> {
        Ok(())
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

/// State comes from the context: it is as early as a path value.
macro_rules! provided {
    ([$($via:ident)?] $argument:ty) => {
        impl<T: Send + Sync + 'static $(, $via: 'static)?> Arguments for $argument {
            const EXTRACT: bool = false;
            type Early = State<T>;
            type Ready = State<T>;

            fn needs(&self) -> Needs {
                Needs::Nothing
            }

            fn early(&self, _: &Params, context: &Context) -> Result<State<T>, Box<Reply>> {
                State::of(context).map_err(|problem| Box::new(Reply::now(problem.into_response())))
            }

            fn at_once(&self, early: State<T>) -> State<T> {
                early
            }

            async fn take(&self, early: State<T>, _: &mut Source) -> Result<State<T>, Response> {
                Ok(early)
            }

            fn give(&self, ready: State<T>, _: &Params) -> State<T> {
                ready
            }
        }
    };
}

provided!([] Head<State<T>, Nothing>);
provided!([Via] Last<State<T>, Via, Nothing>);

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

    fn early(&self, _: &Params, _: &Context) -> Result<(), Box<Reply>> {
        Ok(())
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

    fn early(&self, params: &Params, context: &Context) -> Result<Self::Early, Box<Reply>> {
        Ok((self.0.early(params, context)?, self.1.early(params, context)?))
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
    fn the_type_says_what_an_extractor_reads_and_not_its_name() {
        mod foreign {
            pub(super) struct State;
            pub(super) struct Query;
        }
        fn needs<K: Kind>(_: &K) -> Needs {
            K::NEEDS
        }
        let ours = [needs(&Reads::<Query<u8>>::KIND), needs(&Reads::<String>::KIND)];
        assert_eq!(ours, [Needs::Sent; 2]);
        let Nothing = Reads::<State<u8>>::KIND;
        let foreign = [needs(&Reads::<foreign::State>::KIND), needs(&Reads::<foreign::Query>::KIND)];
        assert_eq!(foreign, [Needs::All; 2]);
        assert_eq!(Needs::Sent.max(Needs::All), Needs::All, "one that may read more is enough");
    }
}
