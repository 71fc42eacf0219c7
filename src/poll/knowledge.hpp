// What is known of one source: how many callbacks it loses, and how long each of its models takes.
#pragma once

#include "poll/lost_share.hpp"
#include "poll/settle_times.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace seedhook::poll {

class knowledge {
public:
    // Whoever can submit can name models: of more than this the one not heard of for longest is forgotten, and a
    // longer name is none.
    static constexpr std::size_t most_models = 32;
    static constexpr std::size_t longest_name = 128;

    struct known_model {
        settle_times times;
        std::uint64_t heard = 0; // when it was last heard of, in settlements
    };
    using models = std::map<std::string, known_model, std::less<>>;

    knowledge() = default;
    // `all` are the times of all models together.
    knowledge(const lost_share& lost, const settle_times& all, models each)
        : lost_(lost), all_(all), models_(std::move(each)) {}

    void learn_exact(std::string_view model, double seconds);
    void learn_between(std::string_view model, double after, double upto);
    void learn_lost(bool lost) noexcept { lost_.learn(lost); }
    void take_back_lost() noexcept { lost_.take_back(); }

    // The model's own times so far as they are known, else those of all models, else the broad prior.
    cells finishing(std::string_view model) const;
    const lost_share& lost() const noexcept { return lost_; }

    const settle_times& all() const noexcept { return all_; }
    const models& each() const noexcept { return models_; }

private:
    settle_times* times_of(std::string_view model);

    lost_share lost_;
    settle_times all_;
    models models_;
};

} // namespace seedhook::poll
