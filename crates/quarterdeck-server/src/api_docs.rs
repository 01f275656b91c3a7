//! The page to read the API's document with and to try it: Swagger UI, from the executable itself.

use std::sync::{Arc, LazyLock};

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use utoipa_swagger_ui::Config;

use crate::problem::Problem;

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| Arc::new(Config::new(["/api/v1/openapi.json"])));

/// Its files lie beneath, so that relative addresses in them are right.
pub(crate) async fn enter() -> Redirect {
    Redirect::permanent("/api/docs/index.html")
}

pub(crate) async fn file(Path(path): Path<String>) -> Response {
    match utoipa_swagger_ui::serve(&path, CONFIG.clone()) {
        Ok(Some(file)) => {
            let mut response = file.bytes.into_owned().into_response();
            if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
        Ok(None) => Problem::not_found("file").into_response(),
        Err(error) => Problem::internal(error).into_response(),
    }
}
