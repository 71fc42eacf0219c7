// The dashboard's three files, embedded as they stand. The page may load these, speak to this API and nothing else.
#include "control/endpoints.hpp"

#include <string_view>

// SEEDHOOK_DASHBOARD comes from CMake, which also rebuilds this file when one of them changes.
#define SEEDHOOK_EMBED(NAME, FILE)                                                                                     \
    asm(".pushsection .rodata\n"                                                                                       \
        ".global seedhook_" NAME "\n"                                                                                  \
        ".global seedhook_" NAME "_end\n"                                                                              \
        "seedhook_" NAME ":\n"                                                                                         \
        ".incbin \"" SEEDHOOK_DASHBOARD "/" FILE "\"\n"                                                                \
        "seedhook_" NAME "_end:\n"                                                                                     \
        ".byte 0\n"                                                                                                    \
        ".popsection\n")

SEEDHOOK_EMBED("dashboard_html", "dashboard.html");
SEEDHOOK_EMBED("dashboard_css", "dashboard.css");
SEEDHOOK_EMBED("dashboard_js", "dashboard.js");

extern "C" const char seedhook_dashboard_html[];
extern "C" const char seedhook_dashboard_html_end[];
extern "C" const char seedhook_dashboard_css[];
extern "C" const char seedhook_dashboard_css_end[];
extern "C" const char seedhook_dashboard_js[];
extern "C" const char seedhook_dashboard_js_end[];

namespace seedhook::control {
namespace {

constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

http::response file(std::string type, const char* begin, const char* end) {
    http::response answer(200, std::move(type), std::string(begin, end));
    answer.fields.emplace_back("Content-Security-Policy", policy);
    answer.fields.emplace_back("Referrer-Policy", "no-referrer");
    return answer;
}

} // namespace

awaitable<http::response> dashboard_page(shared_context, const http::request&) {
    co_return file("text/html; charset=utf-8", seedhook_dashboard_html, seedhook_dashboard_html_end);
}

awaitable<http::response> dashboard_style(shared_context, const http::request&) {
    co_return file("text/css; charset=utf-8", seedhook_dashboard_css, seedhook_dashboard_css_end);
}

awaitable<http::response> dashboard_script(shared_context, const http::request&) {
    co_return file("text/javascript; charset=utf-8", seedhook_dashboard_js, seedhook_dashboard_js_end);
}

} // namespace seedhook::control
