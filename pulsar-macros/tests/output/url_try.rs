fn link() -> Url {
    {
        static ROUTE: my_framework::pulsar::__private::UrlRoute = my_framework::pulsar::__private::UrlRoute::new();
        let mut values = my_framework::pulsar::__private::UrlValues::new();
        my_framework::pulsar::__private::RouteUrl::try_url(
            type_url {
                r#in: match (7) {
                    value => {
                        values
                            .push(
                                "in",
                                my_framework::pulsar::__private::UrlValue::url_text(&value),
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
