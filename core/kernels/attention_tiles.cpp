#include "core/kernels/attention_kernel.h"
#include "core/kernels/head_attention.h"
#include "core/kernels/instruction_set.h"
#include "core/kernels/tensor_memory.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

namespace nanodit {

namespace {

const HeadKernel& headKernel()
{
    switch (instructionSet()) {
#if defined(__x86_64__)
    case InstructionSet::Avx2:
        return headAvx2;
    case InstructionSet::Avx512:
        return headAvx512;
    case InstructionSet::Avx512Bf16:
        return headAvx512Bf16;
    case InstructionSet::Amx:
        return headAmx;
#endif
    default:
        return headBaseline;
    }
}

/// The rows of one head of x [B, heads, tokens, d], whose last dimension is dense.
WritableRows rowsOf(const at::Tensor& x, std::int64_t sample, std::int64_t head)
{
    const auto offset = sample * x.stride(0) + head * x.stride(1);
    return {.data = static_cast<char*>(x.data_ptr()) + offset * x.element_size(),
            .stride = x.stride(2),
            .element = elementOf(x)};
}

Rows readable(const WritableRows& rows)
{
    return {.data = rows.data, .stride = rows.stride, .element = rows.element};
}

WritableRows from(WritableRows rows, std::int64_t first)
{
    rows.data = static_cast<char*>(rows.data) + first * rows.stride * (rows.element == Element::Bf16 ? 2 : 4);
    return rows;
}

at::Tensor dense(const at::Tensor& x)
{
    return x.stride(-1) == 1 ? x : x.contiguous();
}

/// Whole inputs in the form that heads are cut from; keeps the memory that these point to.
class Inputs {
public:
    Inputs(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionTerms& terms)
        : q_(dense(q))
        , k_(dense(k))
        , v_(dense(v))
        , scale_(static_cast<float>(terms.scale))
    {
        const auto keys = k.size(2);
        if (terms.bias.defined()) {
            auto sizes = terms.bias.sizes().vec();
            sizes.back() = keys;
            bias_ = dense(terms.bias.to(at::kFloat).expand(sizes)).expand({q.size(0), q.size(1), q.size(2), keys});
        }
        if (!terms.prior.defined())
            return;
        strengths_ = terms.prior.strengths.to(at::kFloat).contiguous();
        queryAt_ = terms.prior.queryAt.to(at::kFloat).contiguous();
        const auto patches = terms.prior.patchAt.size(0), padded = (keys + 15) / 16 * 16;
        keyAt_ = at::zeros({3, padded}, queryAt_.options());
        auto onPatches = keyAt_.narrow(1, keys - patches, patches);
        onPatches.narrow(0, 0, 2).copy_(terms.prior.patchAt.t());
        onPatches.select(0, 2).fill_(1);
    }

    std::int64_t heads() const { return q_.size(0) * q_.size(1); }
    std::int64_t queries() const { return q_.size(2); }
    std::int64_t keys() const { return k_.size(2); }
    bool hasPrior() const { return strengths_.defined(); }

    /// Some queries of one head of one sample, index = sample * heads + head.
    HeadAttention head(std::int64_t index, std::int64_t firstQuery, std::int64_t queryCount) const
    {
        const auto sample = index / q_.size(1), head = index % q_.size(1);
        HeadAttention part{};
        part.queries = queryCount;
        part.keys = keys();
        part.width = q_.size(3);
        part.q = readable(from(rowsOf(q_, sample, head), firstQuery));
        part.k = readable(rowsOf(k_, sample, head));
        part.v = readable(rowsOf(v_, sample, head));
        part.scale = scale_;
        if (bias_.defined()) {
            part.biasStride = bias_.stride(2);
            part.bias = bias_.data_ptr<float>() + sample * bias_.stride(0) + head * bias_.stride(1) +
                        firstQuery * part.biasStride;
        }
        if (hasPrior()) {
            part.strength = strengths_.data_ptr<float>()[index];
            part.queryRow = queryAt_.data_ptr<float>() + 2 * firstQuery;
            part.keyRow = keyAt_.data_ptr<float>();
            part.keyColumn = part.keyRow + keyAt_.size(1);
            part.keyHasPlace = part.keyColumn + keyAt_.size(1);
        }
        return part;
    }

private:
    at::Tensor q_, k_, v_;
    float scale_;
    at::Tensor bias_; ///< [B, heads, L, S], expanded
    at::Tensor strengths_, queryAt_;
    at::Tensor keyAt_; ///< [3, S padded]: row, column, whether it has a place
};

/// Into how many parts each head is cut so that all threads work: the fewest, one when the heads suffice. Each part
/// lays out what it is compared with anew and, backward, holds a gradient of all queries.
std::int64_t partsOfHead(std::int64_t heads, std::int64_t length, std::int64_t leastLength)
{
    constexpr std::int64_t tasksOfThread = 4; // of which one more or less does not matter
    const std::int64_t threads = at::get_num_threads(), most = length / leastLength;
    std::int64_t parts = 1;
    while (parts < most && heads * parts % threads != 0 && heads * parts < tasksOfThread * threads)
        ++parts;
    return parts;
}

/// Runs the jobs on all threads, each of which takes the next one when it has ended one; the result of a job does not
/// depend on which.
template<typename Job>
void runJobs(const std::vector<Job>& jobs, std::int64_t (*bytes)(const Job&), void (*run)(const Job&, void*))
{
    std::int64_t most = 0;
    for (const auto& job : jobs)
        most = std::max(most, bytes(job));
    const auto threads = std::min<std::int64_t>(at::get_num_threads(), static_cast<std::int64_t>(jobs.size()));
    std::atomic<std::size_t> next = 0;
    at::parallel_for(0, threads, 1, [&](std::int64_t, std::int64_t) {
        at::Tensor memory;
        for (auto i = next++; i < jobs.size(); i = next++) {
            if (!memory.defined())
                memory = at::empty({most}, at::kByte); // aligned to 64 bytes
            run(jobs[i], memory.data_ptr());
        }
    });
}

class TileAttention : public AttentionKernel {
public:
    AttentionOutput forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const AttentionTerms& terms) const override
    {
        const Inputs inputs(q, k, v, terms);
        AttentionOutput output{.values = emptyByToken(q),
                               .logSums = at::empty({q.size(0), q.size(1), q.size(2)}, q.options().dtype(at::kFloat))};
        const auto queries = inputs.queries();
        const auto parts = partsOfHead(inputs.heads(), queries, 64);
        const auto length = (queries + parts - 1) / parts;
        std::vector<HeadForward> jobs;
        for (std::int64_t head = 0; head < inputs.heads(); ++head)
            for (std::int64_t query = 0; query < queries; query += length)
                jobs.push_back({.head = inputs.head(head, query, std::min(length, queries - query)),
                                .out = from(rowsOf(output.values, head / q.size(1), head % q.size(1)), query),
                                .logSums = output.logSums.data_ptr<float>() + head * queries + query});
        runJobs(jobs, headKernel().forwardBytes, headKernel().forward);
        return output;
    }

    AttentionGradients backward(const at::Tensor& gradient, const at::Tensor& q, const at::Tensor& k,
                                const at::Tensor& v, const AttentionOutput& output,
                                const AttentionTerms& terms) const override
    {
        const Inputs inputs(q, k, v, terms);
        const auto outGradient = dense(gradient);
        const auto heads = inputs.heads(), queries = inputs.queries(), keys = inputs.keys();
        auto length = (keys + partsOfHead(heads, keys, 128) - 1) / partsOfHead(heads, keys, 128);
        length = (length + 63) / 64 * 64;
        const auto parts = (keys + length - 1) / length;

        AttentionGradients gradients{.q = emptyByToken(q), .k = emptyByToken(k), .v = emptyByToken(v), .strengths = {}};
        // Each part of the keys has its own sum for q; they are added in their order, whichever thread made them.
        std::vector<at::Tensor> qParts = {gradients.q};
        if (parts > 1) {
            qParts.clear();
            for (std::int64_t part = 0; part < parts; ++part)
                qParts.push_back(emptyByToken(q, at::kFloat));
        }
        at::Tensor strengths; // [B * heads, parts]
        if (inputs.hasPrior())
            strengths = at::empty({heads, parts}, q.options().dtype(at::kFloat));

        std::vector<HeadBackward> jobs;
        for (std::int64_t index = 0; index < heads; ++index) {
            const auto sample = index / q.size(1), head = index % q.size(1);
            for (std::int64_t part = 0; part < parts; ++part)
                jobs.push_back({.head = inputs.head(index, 0, queries),
                                .firstKey = part * length,
                                .endKey = std::min(keys, (part + 1) * length),
                                .out = readable(rowsOf(output.values, sample, head)),
                                .outGradient = readable(rowsOf(outGradient, sample, head)),
                                .logSums = output.logSums.data_ptr<float>() + index * queries,
                                .qGradient = rowsOf(qParts[static_cast<std::size_t>(part)], sample, head),
                                .kGradient = rowsOf(gradients.k, sample, head),
                                .vGradient = rowsOf(gradients.v, sample, head),
                                .strengthGradient = strengths.defined()
                                                        ? strengths.data_ptr<float>() + index * parts + part
                                                        : nullptr});
        }
        runJobs(jobs, headKernel().backwardBytes, headKernel().backward);
        if (parts > 1) {
            for (std::size_t part = 1; part < qParts.size(); ++part)
                qParts[0].add_(qParts[part]);
            gradients.q.copy_(qParts[0]);
        }
        if (strengths.defined())
            gradients.strengths = strengths.sum(1).view({q.size(0), q.size(1)});
        return gradients;
    }
};

} // namespace

const AttentionKernel& tileAttention()
{
    static const TileAttention kernel;
    return kernel;
}

} // namespace nanodit
