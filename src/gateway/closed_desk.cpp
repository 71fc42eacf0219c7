// See closed_desk.hpp.
#include "seedhook/gateway/closed_desk.hpp"

namespace seedhook {
namespace {

upstream_answer closed() {
    http::response refusal = http::error_response(503, "unavailable", "this daemon speaks to no upstream");
    upstream_answer answer;
    answer.status = refusal.status;
    answer.content_type = std::move(refusal.content_type);
    answer.body = std::move(refusal.body);
    return answer;
}

class closed_desk final : public front_desk {
public:
    awaitable<upstream_answer> submit(std::string, std::string, std::string) override { co_return closed(); }
    awaitable<upstream_answer> cancel(std::string, std::string) override { co_return closed(); }
    awaitable<upstream_answer> models(std::string) override { co_return closed(); }
};

} // namespace

std::unique_ptr<front_desk> make_closed_desk() { return std::make_unique<closed_desk>(); }

} // namespace seedhook
