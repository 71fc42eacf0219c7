// Error documents (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html) and their classes.
#include "sinks/s3/answer.hpp"

#include "seedhook/http/date.hpp"
#include "seedhook/model/text.hpp"

#include <pugixml.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace seedhook::s3 {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t longest_message = 300;

// Passing troubles that come with a 4xx, where 5xx and 429 need no list.
constexpr std::array passing{"RequestTimeout"sv,       "RequestTimeTooSkewed"sv, "OperationAborted"sv,
                             "BadDigest"sv,            "IncompleteBody"sv,       "XAmzContentSHA256Mismatch"sv,
                             "ConditionalRequestConflict"sv, "NoSuchUpload"sv,   "InvalidPart"sv,
                             "SlowDown"sv,             "ExpiredToken"sv,         "TokenRefreshRequired"sv,
                             "XAmzContentChecksumMismatch"sv, "Conflict"sv};

// What is wrong with the one object and would be wrong the next time.
constexpr std::array hopeless{"EntityTooLarge"sv, "KeyTooLongError"sv, "MetadataTooLarge"sv, "InvalidObjectName"sv};

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& codes, std::string_view code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string_view local_name(std::string_view name) { return name.substr(name.find(':') + 1); }

pugi::xml_node find(const pugi::xml_document& in, std::string_view name) {
    return in.find_node([name](const pugi::xml_node& n) { return local_name(n.name()) == name; });
}

// Empty for what is no document of S3's, which declare no entities.
pugi::xml_document parse(std::string_view document) {
    pugi::xml_document out;
    const bool declares = document.find("<!DOCTYPE") != std::string_view::npos;
    if (declares || !out.load_buffer(document.data(), document.size())) {
        out.reset();
    }
    return out;
}

// One line that a terminal can show.
std::string shown(std::string_view text) {
    std::string out(text.substr(0, longest_message));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return shortened(printable(out), longest_message);
}

// Where there is no error document: answers to HEAD, and those of proxies.
std::string code_of(unsigned status) {
    switch (status) {
    case 403:
        return "AccessDenied";
    case 404:
        return "NotFound";
    case 409:
        return "Conflict";
    case 412:
        return "PreconditionFailed";
    case 429:
        return "SlowDown";
    case 507:
        return "InsufficientStorage";
    default:
        return "HTTP " + std::to_string(status);
    }
}

bool passes(const failure& why) {
    const bool overloaded = why.status / 100 == 5 && why.status != 501 && why.status != 507;
    return overloaded || why.status == 200 || why.status == 408 || why.status == 429 || is_among(passing, why.code);
}

std::string story(std::string_view bucket, std::string_view code, std::string_view operation, std::string_view more) {
    std::string text = "bucket `" + std::string(bucket) + "`: " + std::string(code) + " on " + std::string(operation);
    return more.empty() ? text : text + ": " + std::string(more);
}

} // namespace

std::string element(std::string_view document, std::string_view name) {
    return find(parse(document), name).text().get();
}

std::optional<upload_list> uploads_to(std::string_view key, std::string_view document) {
    const pugi::xml_document parsed = parse(document);
    if (local_name(parsed.document_element().name()) != "ListMultipartUploadsResult") {
        return std::nullopt;
    }
    upload_list found;
    for (const pugi::xml_node upload : parsed.document_element().children()) {
        std::string id;
        bool is_to_key = false;
        for (const pugi::xml_node part : upload.children()) {
            const std::string_view name = local_name(part.name());
            id = name == "UploadId" ? part.text().get() : id;
            is_to_key = is_to_key || (name == "Key" && part.text().get() == key);
        }
        if (is_to_key && !id.empty()) {
            found.ids.push_back(std::move(id));
        }
        found.more = found.more || (local_name(upload.name()) == "IsTruncated" && upload.text().as_bool());
    }
    return found;
}

std::optional<failure> failure_in(const http::client_response& answer, time_point now) {
    const bool well = answer.status / 100 == 2;
    if (well && answer.body.find("Error") == std::string::npos) {
        return std::nullopt;
    }
    const pugi::xml_document document = parse(answer.body);
    const pugi::xml_node root = document.document_element();
    const bool is_error = local_name(root.name()) == "Error";
    if (well && !is_error) {
        return std::nullopt;
    }
    failure why;
    why.status = answer.status;
    why.retry_after = http::retry_after(answer, now);
    why.code = code_of(answer.status);
    if (is_error) {
        const std::string code = shown(find(document, "Code").text().get());
        why.code = code.empty() ? why.code : code;
        why.message = shown(find(document, "Message").text().get());
        why.region = shown(find(document, "Region").text().get());
        why.endpoint = shown(find(document, "Endpoint").text().get());
    }
    return why;
}

outcome outcome_of(const failure& why, std::string_view operation, std::string_view bucket) {
    const std::string text = story(bucket, why.code, operation, why.message);
    if (passes(why)) {
        return again(text, why.retry_after);
    }
    if (is_among(hopeless, why.code)) {
        return rejected(text);
    }
    return blocked(text);
}

outcome outcome_of(const error& fault, std::string_view operation, std::string_view bucket) {
    switch (fault.code) {
    case errc::cancelled:
        return interrupted{};
    case errc::invalid:
    case errc::refused:
    case errc::not_found:
    case errc::unauthorized:
    case errc::forbidden:
        return blocked(story(bucket, "no way", operation, fault.message));
    default:
        return again(story(bucket, "no answer", operation, fault.message));
    }
}

} // namespace seedhook::s3
