// What a call of the API came to, as its answer tells it. No I/O.
#pragma once

#include "seedance/document.hpp"
#include "seedhook/seedance/api.hpp"

#include <string>
#include <string_view>

namespace seedhook::seedance {

using http_answer = result<http::client_response>;

// How each call's answer is read. Holds references to both arguments.
class answer_reader {
public:
    answer_reader(const api_address& from, const clock& time) : from_(from), time_(time) {}

    api_result<submitted> submission(http_answer answer) const;
    api_result<api_report> status(http_answer answer, std::string_view request_id) const;
    api_result<api_report> cancellation(http_answer answer, std::string_view request_id) const;
    api_result<std::string> models(http_answer answer) const;

    // Of a requestId that is none; nothing was sent.
    static api_failure no_request_id();

private:
    api_result<document> opened(const http_answer& answer) const;
    api_failure no_answer(const error& why) const;
    // `says`: null when the body is none of the API's documents.
    api_failure refusal(const http::client_response& answer, const document* says) const;
    api_failure malformed(const http::client_response& answer, const document* says, std::string_view why) const;
    api_failure described(const http::client_response& answer, const document* says) const;
    api_report report_with(task_report report, std::string body) const;

    const api_address& from_;
    const clock& time_;
};

} // namespace seedhook::seedance
