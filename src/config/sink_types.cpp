// What the type of a sink adds to what all sinks have.
#include "config/sections.hpp"
#include "config/values.hpp"
#include "seedhook/model/text.hpp"

#include <algorithm>
#include <chrono>

namespace seedhook::config {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t gib = std::uint64_t{1} << 30;

// The part of the sink that the table is about. A table's defaults are described on a sink of no type.
template <class T>
T& part(std::optional<T>& of) {
    return of ? *of : of.emplace();
}

// A getter for `section::field`: a member of the part.
template <class T, class M>
auto in(std::optional<T> sink::*kind, M T::*member) {
    return [kind, member](sink& s) -> M& { return part(s.*kind).*member; };
}

const text_or_null& account() {
    static const text_or_null reader{text{"the name or number of a user or group", account_rule}};
    return reader;
}

void check_plaintext(const members& given, std::string_view key, const std::string& url, bool allowed) {
    if (given.sound(key) && !allowed && is_readable_by_others(url)) {
        given.mistake(key, "http shows everything to whoever is between: use https, or say `plaintext: true`");
    }
}

// Of a webhook: none that is not its user's to set.
complaint sent_header_rule(std::string_view text) {
    // What frames a message, what speaks of the body, and what a receiver would wait for.
    constexpr std::string_view ours = " host content-length transfer-encoding trailer connection proxy-connection te "
                                      "keep-alive upgrade proxy-authorization content-type content-encoding expect ";
    const std::string name = lower_case(text);
    const bool is_ours = ours.find(" " + name + " ") != std::string_view::npos;
    if (header_name_rule(text) || is_ours || name.starts_with("webhook-")) {
        return "the name of a header, and none that seedhook sets: webhook-…, Content-Type, and those that frame a "
               "message";
    }
    return {};
}

// Does not quote it.
complaint header_value_rule(std::string_view text) {
    if (std::any_of(text.begin(), text.end(), [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return (byte < 0x20 && c != '\t') || byte == 0x7F;
        })) {
        return "without control characters, such as the end of a line";
    }
    return {};
}

const section<s3_credentials>& s3_credentials_table() {
    using kind = s3_credentials::source_kind;
    static const section<s3_credentials> table = [] {
        const choice<kind> source{{{"auto", kind::automatic},
                                   {"config", kind::config},
                                   {"environment", kind::environment},
                                   {"file", kind::file},
                                   {"container", kind::container},
                                   {"instance", kind::instance}}};
        section<s3_credentials> s;
        s.field("source", &s3_credentials::source, source, "where they are; auto: the first of these that has any");
        s.field("access_key_id", &s3_credentials::access_key_id, text{"an access key's id"}, "`config`: the key's id");
        s.field("secret_access_key", &s3_credentials::secret_access_key, secret_text{}, "`config`: the key");
        s.field("session_token", &s3_credentials::session_token, secret_text{}, "`config`: of a temporary key");
        s.field("file", &s3_credentials::file, text_or_null{text{"an absolute path", absolute_path_rule}},
                "`file`: the shared credentials file; `AWS_SHARED_CREDENTIALS_FILE` or `~/.aws/credentials` when null");
        s.field("profile", &s3_credentials::profile, text_or_null{text{"a profile's name"}},
                "`file`: which of its profiles; `AWS_PROFILE` or `default` when null");
        s.check([](const s3_credentials& c, const members& given) {
            if (c.access_key_id.empty() != c.secret_access_key.empty()) {
                given.mistake(c.access_key_id.empty() ? "access_key_id" : "secret_access_key",
                              "access_key_id and secret_access_key go together");
            } else if (c.source == kind::config && c.access_key_id.empty()) {
                given.mistake("source", "access_key_id and secret_access_key are missing");
            } else if (c.source != kind::config && c.source != kind::automatic && !c.access_key_id.empty()) {
                given.mistake("access_key_id", "source says that they are elsewhere");
            }
        });
        return s;
    }();
    return table;
}

} // namespace

const section<sink>& directory_sink_table() {
    using kind = directory_sink::conflict_kind;
    static const section<sink> table = [] {
        const choice<kind> conflict{{{"rename", kind::rename}, {"replace", kind::replace}, {"reject", kind::reject}}};
        const auto of = &sink::directory;
        section<sink> s = common_sink_table();
        s.required("path", in(of, &directory_sink::path), text{"an absolute path", absolute_path_rule},
                   "the folder that videos appear in");
        s.field("file", in(of, &directory_sink::file), text{"a file name template", file_template_rule},
                "the file's name below it: `{source} {requestId} {status} {model} {year} {month} {day} {date} {sha256} "
                "{ext} {metadata.KEY}`");
        s.field("on_conflict", in(of, &directory_sink::on_conflict), conflict,
                "when a file of that name with other content is there");
        s.field("manifest", in(of, &directory_sink::manifest), boolean{},
                "write the delivery document beside the video, as `.json`");
        s.field("mode", in(of, &directory_sink::mode), file_mode{}, "permissions of the files");
        s.field("owner", in(of, &directory_sink::owner), account(), "owner of the files; the daemon's own when null");
        s.field("group", in(of, &directory_sink::group), account(), "group of the files; the daemon's own when null");
        s.field("link", in(of, &directory_sink::link), boolean{},
                "share the spool's file (a hard link) where no reflink can be made and nobody else may write to it");
        return s;
    }();
    return table;
}

const section<sink>& exec_sink_table() {
    static const section<sink> table = [] {
        const auto of = &sink::exec;
        section<sink> s = common_sink_table();
        s.required("command", in(of, &exec_sink::command), list<text>{text{"an argument", nullptr, true}, 1, true},
                   "the program, by its absolute path, and its arguments");
        s.field("shell", in(of, &exec_sink::shell), boolean{}, "`command` is one text for `/bin/sh -c`");
        s.field("env", in(of, &exec_sink::env), map_of<secret_text>{{}, variable_name_rule},
                "variables beside `PATH`, `LANG` and `SEEDHOOK_…`");
        s.field("working_directory", in(of, &exec_sink::working_directory),
                text{"an absolute path", absolute_path_rule}, "where it runs");
        s.field("user", in(of, &exec_sink::user), account(), "as whom it runs; the daemon's own when null");
        s.field("group", in(of, &exec_sink::group), account(), "with which group; the user's own when null");
        s.field("timeout", in(of, &exec_sink::timeout), time_span{1ms, 24h}, "then it and all it started are ended");
        s.field("reject_codes", in(of, &exec_sink::reject_codes), list<integer>{integer{1, 255}},
                "exit codes that mean: never try this again");
        s.field("probe", in(of, &exec_sink::probe), list<text>{text{"an argument", nullptr, true}},
                "arguments with which `doctor` may run it, such as `[--version]`; without, it does not");
        s.check([](const sink& k, const members& given) {
            if (k.exec && given.sound("command") && !k.exec->command.empty()) {
                if (k.exec->shell && k.exec->command.size() != 1) {
                    given.mistake("command", "must be one text when shell is true");
                } else if (!k.exec->shell && !k.exec->command.front().starts_with('/')) {
                    given.mistake("command", "must begin with an absolute path");
                }
            }
        });
        return s;
    }();
    return table;
}

const section<sink>& s3_sink_table() {
    using addressing = s3_sink::addressing_kind;
    using encryption = s3_sink::encryption_kind;
    using checksum = s3_sink::checksum_kind;
    static const section<sink> table = [] {
        const choice<addressing> style{
            {{"auto", addressing::automatic}, {"path", addressing::path}, {"virtual", addressing::virtual_host}}};
        const choice<encryption> sse{
            {{"none", encryption::none}, {"AES256", encryption::s3}, {"aws:kms", encryption::kms}}};
        const choice<checksum> sum{{{"none", checksum::none},
                                    {"crc32", checksum::crc32},
                                    {"crc32c", checksum::crc32c},
                                    {"sha1", checksum::sha1},
                                    {"sha256", checksum::sha256}}};
        const auto of = &sink::s3;
        section<sink> s = common_sink_table();
        s.field("endpoint", in(of, &s3_sink::endpoint), text_or_null{text{"a URL", endpoint_rule}},
                "where the service is; AWS's for the region when null");
        s.field("region", in(of, &s3_sink::region), text{"a region", region_rule}, "what requests are signed for");
        s.required("bucket", in(of, &s3_sink::bucket), text{"a bucket's name", bucket_rule}, "which must exist");
        s.field("key", in(of, &s3_sink::key), text{"an object key template", file_template_rule},
                "the object's key, from the same words as a directory's `file`");
        s.field("addressing", in(of, &s3_sink::addressing), style,
                "the bucket in the path or in the host's name; auto: in the name for AWS alone");
        s.field("plaintext", in(of, &s3_sink::plaintext), boolean{}, "allow http to other than loopback");
        s.field("multipart_threshold", in(of, &s3_sink::multipart_threshold), size{5 * mib, 5 * gib},
                "larger videos go in parts");
        s.field("part_size", in(of, &s3_sink::part_size), size{5 * mib, 5 * gib},
                "of all parts but the last; larger where a video would have more than 10,000");
        s.field("parts_at_a_time", in(of, &s3_sink::parts_at_a_time), integer{1, 64}, "of each video");
        s.field("abort_after", in(of, &s3_sink::abort_after), time_span{1h, 8760h},
                "unfinished uploads of ours that nobody went on with for so long are aborted");
        s.field("if_absent", in(of, &s3_sink::if_absent), boolean{}, "reject rather than write over another object");
        s.field("manifest", in(of, &s3_sink::manifest), boolean{},
                "put the delivery document beside the video, as `.json`");
        s.field("metadata", in(of, &s3_sink::metadata), map_of<text>{{}, header_name_rule},
                "of the object, beside `sha256`");
        s.field("tags", in(of, &s3_sink::tags), map_of<text>{}, "of the object");
        s.field("storage_class", in(of, &s3_sink::storage_class), text_or_null{text{"a storage class", token_rule}},
                "such as STANDARD_IA; the bucket's when null");
        s.field("acl", in(of, &s3_sink::acl), text_or_null{text{"a canned ACL", token_rule}},
                "such as bucket-owner-full-control; none is sent when null");
        s.field("encryption", in(of, &s3_sink::encryption), sse, "by the server; the bucket's when none");
        s.field("kms_key_id", in(of, &s3_sink::kms_key_id), text_or_null{text{"a key's id or ARN"}},
                "`aws:kms`: the account's own when null");
        s.field("checksum", in(of, &s3_sink::checksum), sum, "sent along for the server to check; not all know them");
        const auto credentials = [](sink & k) -> auto& { return part(k.s3).credentials; };
        s.field("credentials", credentials, nested<s3_credentials>{s3_credentials_table}, "who we are to the service");
        s.check([](const sink& k, const members& given) {
            if (k.s3) {
                check_plaintext(given, "endpoint", k.s3->endpoint, k.s3->plaintext);
                if (!k.s3->kms_key_id.empty() && k.s3->encryption != encryption::kms) {
                    given.mistake("kms_key_id", "needs `encryption: aws:kms`");
                }
            }
        });
        return s;
    }();
    return table;
}

const section<sink>& webhook_sink_table() {
    static const section<sink> table = [] {
        const auto of = &sink::webhook;
        section<sink> s = common_sink_table();
        s.required("url", in(of, &webhook_sink::url), text{"a URL", callback_url_rule}, "what is posted to");
        s.required("secret", in(of, &webhook_sink::secrets), list<secret_text>{secret_text{}, 1, true},
                   "signs what is posted (Standard Webhooks); several while they are changed");
        s.field("headers", in(of, &webhook_sink::headers), map_of<secret_text>{{header_value_rule}, sent_header_rule},
                "sent along, such as `Authorization`");
        s.field("internal", in(of, &webhook_sink::internal), boolean{}, "the host may have a private address");
        s.field("plaintext", in(of, &webhook_sink::plaintext), boolean{}, "allow http to other than loopback");
        s.field("timeout", in(of, &webhook_sink::timeout), time_span{1ms, 10min}, "of the whole exchange");
        s.field("probe", in(of, &webhook_sink::probe), boolean{},
                "`doctor` may post a document whose `probe` is true; without, it only connects");
        s.check([](const sink& k, const members& given) {
            if (k.webhook) {
                check_plaintext(given, "url", k.webhook->url, k.webhook->plaintext);
            }
        });
        return s;
    }();
    return table;
}

} // namespace seedhook::config
