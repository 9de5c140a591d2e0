fn link() -> Url {
    {
        static ROUTE: ::pulsar::__private::UrlRoute = ::pulsar::__private::UrlRoute::new();
        let mut values = ::pulsar::__private::UrlValues::new();
        ::pulsar::__private::RouteUrl::url(
            users::user_url {
                id: match (id) {
                    value => {
                        values
                            .push("id", ::pulsar::__private::UrlValue::url_text(&value));
                        value
                    }
                },
                slug: match (&format!("{x} y")) {
                    value => {
                        values
                            .push(
                                "slug",
                                ::pulsar::__private::UrlValue::url_text(&value),
                            );
                        value
                    }
                },
                key: match (Key::<A, B> { n: 7 }) {
                    value => {
                        values
                            .push(
                                "key",
                                ::pulsar::__private::UrlValue::url_text(&value),
                            );
                        value
                    }
                },
            },
            &ROUTE,
            values,
        )
    }
}
