#pragma once

#include "core/model/parameter.h"
#include "core/train/collective.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace nanodit {

/// Bytes of gradients that travel together at most; a larger gradient travels alone.
struct BucketSizes {
    std::int64_t first = std::int64_t{1} << 20; ///< Small, so that communication begins early.
    std::int64_t others = std::int64_t{25} << 20;
};

/// Adds up the gradients of several processes while the last backward pass of a step still runs. Parameters are grouped
/// into buckets from the last of the list to the first, about the order in which their gradients arrive; a bucket whose
/// gradients are all there is on its way at once, in the same order on every rank. A parameter that got no gradient in
/// a step is not waited for in the next, until that was wrong once. The sums are those that adding up afterwards gives,
/// also where a gradient arrives in several parts (of a recomputed piece, each by itself): a bucket that went without
/// the last part goes again. One thread at a time, but for the backward pass.
class GradientReducer {
public:
    /// Parameters are float32 and share their tensors with the model. The collective has several ranks.
    GradientReducer(Parameters parameters, std::shared_ptr<Collective> collective, const BucketSizes& sizes = {});
    ~GradientReducer();
    GradientReducer(const GradientReducer&) = delete;
    GradientReducer& operator=(const GradientReducer&) = delete;

    /// The next backward pass is the last of the step. A rank without one, or without a part of it, need not call it.
    void expectLastPass();
    /// Makes of each gradient its sum over the ranks. Every rank calls it once a step, when every parameter has a
    /// gradient (completeGradients()). Throws what Collective::sum() throws.
    void finish();

    std::size_t buckets() const { return buckets_.size(); }
    /// Of the step that is being made, or else of the last one: buckets that were on their way before finish().
    std::size_t begunEarly() const { return begunEarly_; }
    /// Whether the last finish() had to send buckets again.
    bool sentAgain() const { return sentAgain_; }
    /// Seconds for which the last finish() waited: communication that no computation hid.
    double waitedSeconds() const { return waitedSeconds_; }
    /// Of the time in which gradients were on their way, the share in which the backward pass still ran.
    double hiddenShare() const { return hiddenShare_; }

private:
    struct Piece {
        std::size_t parameter = 0; ///< Place in the list.
        std::int64_t begin = 0;    ///< In the bucket, in elements.
    };
    struct Bucket {
        std::vector<Piece> pieces;
        std::int64_t elements = 0;
        at::Tensor flat;            ///< [elements] float32, on Collective::home().
        std::size_t there = 0;      ///< Parameters whose gradient has arrived.
        std::function<void()> wait; ///< For its sum.
    };
    /// Of a parameter, by its place in the list.
    struct Arrivals {
        std::size_t bucket = 0;
        std::int64_t expected = 1, seen = 0; ///< In the last backward pass of a step; 0 expected: it is not waited for.
        bool varies = false;                 ///< A gradient came though none was expected: always waited for since.
    };
    class Listener;
    void group(const BucketSizes& sizes);
    void arrived(std::size_t parameter);
    void learn(); ///< From a last pass, what to expect of the next.
    void fill(Bucket& bucket);
    void beginNext();
    void forgetStep();

    Parameters parameters_;
    std::shared_ptr<Collective> collective_;
    std::vector<Bucket> buckets_;
    std::vector<Arrivals> arrivals_;
    std::vector<std::unique_ptr<Listener>> listeners_; ///< By parameter.
    bool listening_ = false, late_ = false, sentAgain_ = false;
    std::size_t next_ = 0; ///< Buckets before it are on their way.
    std::size_t begunEarly_ = 0;
    std::chrono::steady_clock::time_point firstBegun_; ///< The step's first bucket.
    double waitedSeconds_ = 0, hiddenShare_ = 0;
};

} // namespace nanodit
