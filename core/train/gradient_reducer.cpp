#include "core/train/gradient_reducer.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace nanodit {

namespace {

using torch::autograd::variable_list;

/// Tells that a gradient was added to those that were there.
class ArrivalHook final : public torch::autograd::FunctionPostHook {
public:
    explicit ArrivalHook(std::function<void()> tell)
        : tell_(std::move(tell))
    {
    }
    variable_list operator()(const variable_list& outputs, const variable_list& /*inputs*/) override
    {
        tell_();
        return outputs;
    }

private:
    std::function<void()> tell_;
};

/// A shared pointer or, in later versions, an intrusive one.
using NodePointer = decltype(torch::autograd::impl::grad_accumulator(std::declval<const at::Tensor&>()));

} // namespace

/// Tells whenever a part of a parameter's gradient has arrived, while it lives.
class GradientReducer::Listener {
public:
    Listener(const at::Tensor& parameter, std::function<void()> tell)
        : node_(torch::autograd::impl::grad_accumulator(parameter)) // the same for all passes while it is held
        , hook_(node_->add_post_hook(std::make_unique<ArrivalHook>(std::move(tell))))
    {
    }
    ~Listener() { node_->del_post_hook(hook_); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

private:
    NodePointer node_;
    std::uintptr_t hook_;
};

GradientReducer::GradientReducer(Parameters parameters, std::shared_ptr<Collective> collective,
                                 const BucketSizes& sizes)
    : parameters_(std::move(parameters))
    , collective_(std::move(collective))
    , arrivals_(parameters_.size())
{
    group(sizes);
    for (std::size_t i = 0; i < parameters_.size(); ++i)
        listeners_.push_back(std::make_unique<Listener>(parameters_[i].value, [this, i] { arrived(i); }));
}

GradientReducer::~GradientReducer() = default;

void GradientReducer::group(const BucketSizes& sizes)
{
    constexpr std::int64_t elementBytes = sizeof(float);
    for (std::size_t left = parameters_.size(); left > 0; --left) {
        const auto place = left - 1;
        const auto elements = parameters_[place].value.numel();
        const auto limit = (buckets_.size() <= 1 ? sizes.first : sizes.others) / elementBytes;
        if (buckets_.empty() || buckets_.back().elements + elements > limit)
            buckets_.emplace_back();
        auto& bucket = buckets_.back();
        bucket.pieces.push_back({.parameter = place, .begin = bucket.elements});
        bucket.elements += elements;
        arrivals_[place].bucket = buckets_.size() - 1;
    }
    for (auto& bucket : buckets_)
        bucket.flat = at::empty({bucket.elements}, at::TensorOptions(at::kFloat).device(collective_->home()));
}

void GradientReducer::expectLastPass()
{
    forgetStep();
    for (const auto& arrival : arrivals_) {
        if (arrival.expected == 0)
            ++buckets_[arrival.bucket].there;
    }
    listening_ = true;
}

/// On the thread of the backward pass.
void GradientReducer::arrived(std::size_t parameter)
{
    if (!listening_)
        return;
    auto& arrival = arrivals_[parameter];
    ++arrival.seen;
    if (arrival.bucket < next_) {
        late_ = true; // what is on its way lacks this part
        return;
    }
    if (arrival.seen == arrival.expected)
        ++buckets_[arrival.bucket].there;
    while (next_ < buckets_.size() && buckets_[next_].there == buckets_[next_].pieces.size()) {
        beginNext();
        ++begunEarly_;
    }
}

void GradientReducer::fill(Bucket& bucket)
{
    const at::NoGradGuard noGradient;
    for (const auto& piece : bucket.pieces) {
        const auto& value = parameters_[piece.parameter].value;
        const auto place = bucket.flat.narrow(0, piece.begin, value.numel()).view(value.sizes());
        const auto& gradient = value.grad();
        if (gradient.defined())
            place.copy_(gradient);
        else
            place.zero_(); // nothing waited for it
    }
}

void GradientReducer::beginNext()
{
    auto& bucket = buckets_[next_];
    fill(bucket);
    if (next_ == 0)
        firstBegun_ = std::chrono::steady_clock::now();
    bucket.wait = collective_->beginSum(bucket.flat);
    ++next_;
}

void GradientReducer::finish()
{
    const bool listened = std::exchange(listening_, false);
    if (!listened)
        forgetStep(); // there was no last pass here
    const auto began = std::chrono::steady_clock::now();
    while (next_ < buckets_.size())
        beginNext();
    sentAgain_ = collective_->any(late_);
    for (auto& bucket : buckets_)
        bucket.wait();
    for (auto& bucket : buckets_) {
        if (!sentAgain_)
            break;
        fill(bucket); // the gradients are still this rank's own
        collective_->sum(bucket.flat);
    }
    using Seconds = std::chrono::duration<double>;
    const auto arrived = std::chrono::steady_clock::now();
    waitedSeconds_ = Seconds(arrived - began).count();
    const double onTheWay = Seconds(arrived - std::min(began, firstBegun_)).count();
    hiddenShare_ = onTheWay > 0 ? 1 - waitedSeconds_ / onTheWay : 0;
    const at::NoGradGuard noGradient;
    for (const auto& bucket : buckets_) {
        for (const auto& piece : bucket.pieces) {
            auto gradient = parameters_[piece.parameter].value.grad();
            gradient.copy_(bucket.flat.narrow(0, piece.begin, gradient.numel()).view(gradient.sizes()));
        }
    }
    if (listened)
        learn();
}

void GradientReducer::learn()
{
    for (auto& arrival : arrivals_) {
        if (arrival.seen > 0) {
            arrival.varies = arrival.varies || arrival.expected == 0;
            arrival.expected = std::max(arrival.expected, arrival.seen);
        } else if (!arrival.varies) {
            arrival.expected = 0;
        }
    }
}

void GradientReducer::forgetStep()
{
    for (auto& bucket : buckets_) {
        bucket.there = 0;
        bucket.wait = {};
    }
    for (auto& arrival : arrivals_)
        arrival.seen = 0;
    late_ = false;
    next_ = 0;
    begunEarly_ = 0;
}

} // namespace nanodit
