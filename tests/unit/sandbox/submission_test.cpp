// What the API takes and refuses.
#include "sandbox/submission.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

using namespace seedhook;
using namespace seedhook::sandbox;

namespace {

// A good submission with `more` (`"key": value`) in it; later keys win.
std::string with(const std::string& more) {
    return R"({"model": "seedance-2.0", "prompt": "A river")" + (more.empty() ? "" : ", " + more) + "}";
}

std::string refusal(const std::string& body) {
    const auto parsed = parse_submission(body);
    return parsed ? "taken" : parsed.error().message;
}

} // namespace

BOOST_AUTO_TEST_CASE(model_and_prompt_are_enough) {
    const auto s = parse_submission(with(""));
    BOOST_REQUIRE(s);
    BOOST_TEST(s->model == "seedance-2.0");
    BOOST_TEST(s->aspect_ratio == "16:9");
    BOOST_TEST(s->resolution == "720p");
    BOOST_TEST(s->duration == 5U);
    BOOST_TEST(s->metadata == "{}");
    BOOST_TEST(s->webhook_url.empty());
}

BOOST_AUTO_TEST_CASE(everything_that_is_asked_is_kept) {
    const auto s = parse_submission(with(
        R"("aspectRatio": "9:16", "resolution": "1080p", "duration": 15, "webhookUrl": "https://a.example/h",
           "metadata": {"projectId": "proj_1001", "n": [1, null]}, "mediaUrls": ["https://example.com/photo.jpg"])"));
    BOOST_REQUIRE(s);
    BOOST_TEST(s->aspect_ratio == "9:16");
    BOOST_TEST(s->resolution == "1080p");
    BOOST_TEST(s->duration == 15U);
    BOOST_TEST(s->webhook_url == "https://a.example/h");
    BOOST_TEST(s->metadata == R"({"projectId":"proj_1001","n":[1,null]})");
}

BOOST_AUTO_TEST_CASE(bodies_that_are_no_object_are_refused) {
    for (const char* body : {"", "[]", "null", "{", "{}{}", "\"x\"", R"({"model":"seedance-2.0",})"}) {
        BOOST_TEST_CONTEXT(body) { BOOST_TEST(refusal(body) == "the body must be a JSON object"); }
    }
}

BOOST_AUTO_TEST_CASE(required_fields_are_required) {
    BOOST_TEST(refusal(R"({"prompt": "x"})") == "model is required");
    BOOST_TEST(refusal(R"({"model": "seedance-2.0"})") == "prompt is required");
    BOOST_TEST(refusal(R"({"model": "seedance-2.0", "prompt": ""})") == "prompt must be a non-empty string");
    BOOST_TEST(refusal(R"({"model": 2, "prompt": "x"})") == "model must be a non-empty string");
    BOOST_TEST(refusal(R"({"model": "seedance-9", "prompt": "x"})") == "unknown model");
}

BOOST_AUTO_TEST_CASE(choices_outside_the_list_are_refused) {
    for (const char* more :
         {R"("aspectRatio": "4:3")", R"("resolution": "4k")", R"("resolution": 720)", R"("webhookUrl": "ftp://x")",
          R"("webhookUrl": 1)", R"("metadata": [])", R"("metadata": "x")", R"("mediaUrls": [])",
          R"("mediaUrls": "https://x")", R"("mediaUrls": ["x"])",
          R"("mediaUrls": ["https://1","https://2","https://3","https://4","https://5","https://6"])"}) {
        BOOST_TEST_CONTEXT(more) { BOOST_TEST(refusal(with(more)) != "taken"); }
    }
}

BOOST_AUTO_TEST_CASE(durations_depend_on_the_model) {
    const auto with_duration = [](const std::string& model, const std::string& seconds) {
        return refusal(R"({"model": ")" + model + R"(", "prompt": "x", "duration": )" + seconds + "}") == "taken";
    };
    BOOST_TEST(with_duration("seedance-2.0", "4"));
    BOOST_TEST(with_duration("seedance-2.0-fast", "15"));
    BOOST_TEST(!with_duration("seedance-2.0", "3"));
    BOOST_TEST(!with_duration("seedance-2.0", "16"));
    BOOST_TEST(!with_duration("seedance-2.0", "5.0"));
    BOOST_TEST(!with_duration("seedance-2.0", "\"5\""));
    BOOST_TEST(!with_duration("seedance-2.0", "-5"));
    BOOST_TEST(!with_duration("seedance-2.0", "18446744073709551615"));
    BOOST_TEST(with_duration("seedance-1.5-pro", "10"));
    BOOST_TEST(!with_duration("seedance-1.5-pro", "7"));
}

BOOST_AUTO_TEST_CASE(five_seconds_of_720p_cost_forty_credits) {
    submission s;
    BOOST_TEST(credits_for(s) == 40U);
    s.resolution = "1080p";
    s.duration = 10;
    BOOST_TEST(credits_for(s) == 160U);
}

BOOST_AUTO_TEST_CASE(the_list_of_models_is_the_documented_one) {
    const auto document = boost::json::parse(models_document());
    BOOST_TEST(document.at("success").as_bool());
    const auto& all = document.at("data").as_array();
    BOOST_TEST(all.size() == 3U);
    BOOST_TEST(all[0].at("durations").as_array().size() == 12U);
    BOOST_TEST(all[0].at("usdPerSecond").at("1080p").as_double() == 0.2);
    BOOST_TEST(boost::json::serialize(all[2].at("durations")) == "[5,10]");
}
