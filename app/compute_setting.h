#pragma once

#include "core/runtime/compute_choice.h"
#include "core/runtime/compute_devices.h"
#include "core/runtime/compute_info.h"

#include <QObject>

#include <tuple>
#include <vector>

namespace nanodit {

class BackgroundQueue;

/// What computes here, what a choice comes to, and what else could be chosen.
struct ComputeState {
    ComputeInfo info;
    ChosenCompute chosen;
    std::vector<ComputeDevice> devices;
};

/// Whether two choices ask for the same.
inline bool isSame(const ComputeChoice& a, const ComputeChoice& b)
{
    return std::tie(a.device, a.precision, a.threads) == std::tie(b.device, b.precision, b.threads);
}

/// The choice of what computes, for all that begins from now on, and what it comes to on this machine. Home thread.
class ComputeSetting : public QObject {
    Q_OBJECT

public:
    /// Finds out in `background`, which outlives it or forgets what it waits for.
    explicit ComputeSetting(BackgroundQueue& background);

    const ComputeChoice& choice() const { return choice_; }
    void choose(const ComputeChoice& choice);
    /// Found out after each choice; empty before that.
    const ComputeState& state() const { return state_; }

Q_SIGNALS:
    void known();

private:
    void findOut();

    BackgroundQueue& background_;
    ComputeChoice choice_;
    ComputeState state_;
};

} // namespace nanodit
