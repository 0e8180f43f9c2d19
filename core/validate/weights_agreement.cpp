#include "core/validate/weights_agreement.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>

namespace nanodit {

std::optional<double> weightsDifference(const EventFile::Scalars& means)
{
    const std::string rawPrefix = "raw/";
    const std::map<std::string, double> all(means.begin(), means.end());
    double sum = 0;
    std::int64_t count = 0;
    for (const auto& [name, raw] : all) {
        const auto average = name.starts_with(rawPrefix) ? all.find(name.substr(rawPrefix.size())) : all.end();
        if (average == all.end() || !std::isfinite(raw) || !std::isfinite(average->second))
            continue;
        const double larger = std::max(std::abs(raw), std::abs(average->second));
        if (larger > 0)
            sum += std::min(1.0, std::abs(raw - average->second) / larger); // of unlike signs it would be more
        ++count;
    }
    if (count == 0)
        return std::nullopt;
    return sum / static_cast<double>(count);
}

bool WeightsAgreement::reached(const EventFile::Scalars& means) const
{
    const auto difference = weightsDifference(means);
    return difference && *difference < limit;
}

bool WeightsAgreement::reachedIn(const std::vector<ValidationMeans>& validations) const
{
    return std::any_of(validations.begin(), validations.end(),
                       [this](const ValidationMeans& validation) { return reached(validation.means); });
}

} // namespace nanodit
