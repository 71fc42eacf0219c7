// Signs requests for tests that compare with another signer. On stdin a JSON object a line; on stdout the Authorization
// that each request gets.
//   {"method":"PUT","base":"https://host","key_hex":"612062","query":"a=1","fields":[["name","value"]],"sha256":"…",
//    "id":"…","secret":"…","token":"","region":"us-east-1","time":1369353600}
#include "sinks/s3/signing.hpp"

#include "seedhook/crypto/encoding.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace {

using namespace seedhook;

std::string text(const boost::json::object& from, std::string_view name) {
    return std::string(from.at(name).as_string());
}

std::string authorization(const boost::json::object& from) {
    const auto key = crypto::from_hex(text(from, "key_hex")).value();
    http::client_request what;
    what.method = text(from, "method");
    what.url = text(from, "base") + "/" + s3::uri_encode(std::string(key.begin(), key.end()), true);
    if (const std::string query = text(from, "query"); !query.empty()) {
        what.url += "?" + query;
    }
    for (const auto& field : from.at("fields").as_array()) {
        what.fields.emplace_back(field.at(0).as_string(), field.at(1).as_string());
    }
    s3::credentials who;
    who.access_key_id = text(from, "id");
    who.secret_access_key = config::secret(text(from, "secret"));
    who.session_token = config::secret(text(from, "token"));
    const time_point now{std::chrono::seconds(from.at("time").as_int64())};
    s3::sign(what, text(from, "sha256"), who, {text(from, "region")}, now);
    for (const auto& [name, value] : what.fields) {
        if (name == "Authorization") {
            return value;
        }
    }
    return "not signed";
}

} // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        std::cout << authorization(boost::json::parse(line).as_object()) << "\n";
    }
    return std::cout.good() ? 0 : 1;
}
