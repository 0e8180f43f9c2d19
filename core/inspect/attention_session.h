#pragma once

/// Inspecting a model: its attention to a record's text, CLS and patches, at any time of the flow. Free of torch types.

#include "core/config/model_config.h"
#include "core/config/workspace_config.h"
#include "core/geometry/bucket.h"
#include "core/inspect/condition_edits.h"
#include "core/io/image.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"
#include "core/sample/sample_request.h"

namespace nanodit {

/// Numbers of every block and head.
struct AttentionNumbers {
    std::int64_t blocks = 0, heads = 0, width = 0;
    std::vector<float> values; ///< [blocks, heads, width]

    /// Of one block and head; empty ones stand for the mean over all. `width` numbers.
    std::vector<float> of(std::optional<std::int64_t> block, std::optional<std::int64_t> head) const;
};

/// A word of a caption: the tokenizer's pieces joined.
struct CaptionWord {
    std::string text; ///< "red"
    std::int64_t firstToken = 0, tokens = 1;
    bool end = false; ///< The mark that ends every text; its text is "(end)".
    /// Its number in the caption before words were replaced, as ConditionEdits counts; that of the word it came for.
    std::size_t inCaption = 0;
};

enum class SeenConditions { All, TextOnly, DinoOnly, None };

/// What is shown of a token: the share of attention that it gets (alpha), or its share of what attention adds through a
/// head: alpha |v W_o|, divided by the sum over all tokens (Kobayashi et al. 2020).
enum class AttentionMeasure { Mass, Contribution };

/// The subject of an inspection: a record or the inputs of a sampling, a time, and where x_t comes from.
struct AttentionSubject {
    /// Empty: inspects the prompt, reference and size of `sampling`, always along that sampling.
    std::string record;
    double t = 0.7;                            ///< Flow time in (0, 1]; 1 is noise.
    SeenConditions seen = SeenConditions::All; ///< The rest is replaced by the learned nulls.
    ConditionEdits edits;
    /// False: x_t = (1 - t) x0 + t noise of the record's own latent. True: x at the point where a sampling with the
    /// record's (edited) conditions passes t.
    bool alongSampling = false;
    SampleRequest sampling; ///< Steps, solver, shift, scales and seed; conditions and size without a record only.
    bool picture = true;    ///< Also decode what is forming, which takes a while for large pictures.
};

/// What is known of a subject once it was inspected.
struct AttentionScene {
    ImageSize bucket;
    GridSize latents, patches; ///< Patches are empty for a model without them.
    std::int64_t blocks = 0, heads = 0;
    std::int64_t textTokens = 0;    ///< T
    double t = 0;                   ///< That of the sampling's step, when along one.
    std::vector<CaptionWord> words; ///< Empty where the text is null.
    std::string caption;
    Image forming;            ///< What the velocity says the picture will be; empty without an autoencoder.
    Image reference;          ///< The bucket image that the patches are of; empty without one.
    double evenAlignment = 0; ///< The alignment score of uniform attention, in patches.
    AttentionNumbers radii;   ///< [1]: of each head's spatial prior, in latent tokens; empty for a model without one.

    /// The shown tokens of a word, of CLS, of a patch; shown tokens are numbered [T of text | CLS | N patches].
    std::vector<std::int64_t> tokensOf(const CaptionWord& word) const;
    std::int64_t clsToken() const { return textTokens; }
    std::int64_t patchToken(std::int64_t patch) const { return textTokens + 1 + patch; }
    /// How a shown token is called: its word, "(end)", "CLS", "patch 2,5", "text token 3".
    std::string nameOf(std::int64_t token) const;
};

/// What chosen latents attend to: the mean over them.
struct LatentAttention {
    AttentionNumbers shares;    ///< text, CLS, patches; sums to 1.
    AttentionNumbers words;     ///< By word, then padding (or the whole of a null text).
    AttentionNumbers patches;   ///< [N]
    AttentionNumbers entropy;   ///< Nats, over all T + 1 + N tokens.
    AttentionNumbers centre;    ///< Row and column of the centre of mass over patches.
    AttentionNumbers alignment; ///< Its distance from the latents' own middle, in patches.
};

/// A token that gets attention to little effect: in a block it gets at least five times the mass of uniform attention,
/// and adds less than half of its share of mass. Tokens of a null text or of null patches count as one, their first.
struct AttentionSink {
    std::int64_t block = 0, token = 0; ///< A shown token.
    double mass = 0, contribution = 0; ///< Shares of all tokens, means over latents, all heads together.
};

/// All latents together.
struct AttentionSummaries {
    AttentionNumbers shares;    ///< Mean over latents: text, CLS, patches.
    AttentionNumbers entropy;   ///< Mean, nats.
    AttentionNumbers alignment; ///< Mean distance of the centre of mass from each latent's own place, in patches.
    AttentionNumbers byRow;     ///< [latent rows, patch rows]: mass between rows, the diagonal of an aligned model.
    AttentionNumbers byColumn;  ///< [latent columns, patch columns]
    /// Shares of text, CLS and patches in the lengths of what they add after the output projection: sums to 1. Heads
    /// add up before lengths are taken, so that there is one number for all of them (heads = 1).
    AttentionNumbers contribution;
    std::vector<AttentionSink> sinks; ///< By block, the largest mass first.
};

/// A question about the inspected moment.
struct AttentionQuestion {
    std::vector<std::int64_t> latents{}; ///< What do these attend to? Their mean; row-major numbers.
    std::vector<std::int64_t> tokens{};  ///< Asked when there are no latents: who attends to these shown tokens?
    /// Only in this block, which is what takes time for large pictures; the others' numbers are zero then.
    std::optional<std::int64_t> block{};
    bool self = false;                                 ///< Also what the latents attend to among themselves.
    bool summaries = false;                            ///< Also all latents together, in every block.
    AttentionMeasure measure = AttentionMeasure::Mass; ///< Of `seen` and `given`.
    bool operator==(const AttentionQuestion&) const = default;
};
struct AttentionAnswer {
    std::optional<LatentAttention> seen;   ///< By the question's latents.
    std::optional<AttentionNumbers> self;  ///< [L]
    std::optional<AttentionNumbers> given; ///< To the question's tokens, by each latent: [L].
    std::optional<AttentionSummaries> summaries;
};

/// The change of the velocity when tokens leave the context of cross attention, beside the change without as much
/// attention elsewhere. A change is |v - v without them| at a latent token, as a share of |v|; both are root mean
/// squares of numbers.
struct KnockOut {
    std::vector<std::int64_t> tokens, controlTokens; ///< Shown tokens.
    std::vector<float> change, controlChange;        ///< [L]
    double velocityNorm = 0;                         ///< |v|, over all latents.
    double meanChange = 0, meanControlChange = 0;    ///< Over all latents.
    double mass = 0, controlMass = 0;                ///< Of attention, means over blocks, heads and latents.
    /// By block: how well its map of these tokens agrees with the change, as Pearson's correlation over latents; NaN if
    /// one of them is constant.
    std::vector<double> agreement;
    std::optional<std::int64_t> bestBlock() const; ///< Of the largest agreement; empty where there is none.
};

/// A frame of a film: a moment and the answer there.
struct AttentionFrame {
    std::string label; ///< "t = 0.70", "step-00001000"
    AttentionScene scene;
    AttentionAnswer answer;
};

/// How the summaries change with t.
struct AttentionCourse {
    std::vector<double> times;
    std::vector<AttentionSummaries> at;
};

/// One thread at a time. What can take long takes a context and gives nothing when stopped.
class AttentionSession {
public:
    /// `checkpoint`: as SamplingSession::open takes it.
    static std::shared_ptr<AttentionSession> open(const Workspace& workspace, const std::filesystem::path& checkpoint,
                                                  const ComputeChoice& device = {});
    virtual ~AttentionSession() = default;
    virtual const ModelConfig& model() const = 0;
    virtual std::string description() const = 0;

    /// Reads a subject's conditions with its edits, without running the model: the grid of their patches. Empty when
    /// stopped. Throws as look() does for records and edits.
    virtual std::optional<GridSize> patchesOf(const AttentionSubject& subject, const JobContext& context = {}) = 0;

    /// Runs the model on a subject; the functions below refer to this moment. Throws UsageError for unknown records,
    /// words and patches, DataError for missing arrays.
    virtual std::optional<AttentionScene> look(const AttentionSubject& subject, const JobContext& context = {}) = 0;

    /// Latents by their number, row-major; at least one. `block`: only this one (the others' numbers are zero).
    virtual std::optional<LatentAttention> ofLatents(const std::vector<std::int64_t>& latents,
                                                     const JobContext& context = {},
                                                     std::optional<std::int64_t> block = {},
                                                     AttentionMeasure measure = AttentionMeasure::Mass) = 0;
    /// The reverse: the attention of each latent to these shown tokens together, [L]. `block` as above.
    virtual std::optional<AttentionNumbers> onLatents(const std::vector<std::int64_t>& shownTokens,
                                                      const JobContext& context = {},
                                                      std::optional<std::int64_t> block = {},
                                                      AttentionMeasure measure = AttentionMeasure::Mass) = 0;
    /// Evaluates the model at this moment without these shown tokens (at least one), and without others of equal mass
    /// that are drawn by `seed`. CLS is left out of cross attention only, not of the modulation of the blocks.
    /// `measure`: of the maps that the change is compared with. Throws UsageError when nothing would be left.
    virtual std::optional<KnockOut> knockOut(const std::vector<std::int64_t>& shownTokens, std::uint64_t seed,
                                             AttentionMeasure measure = AttentionMeasure::Mass,
                                             const JobContext& context = {}) = 0;
    /// Mean self attention of latents, [L]. If the model is too large to keep its queries and keys, this runs it again.
    /// `block` as above.
    virtual std::optional<AttentionNumbers> selfAttention(const std::vector<std::int64_t>& latents,
                                                          const JobContext& context = {},
                                                          std::optional<std::int64_t> block = {}) = 0;
    virtual std::optional<AttentionSummaries> summaries(const JobContext& context = {}) = 0;
    /// Inspects the subject at each of `times`; afterwards the session is at the last of them.
    virtual std::optional<AttentionCourse> course(AttentionSubject subject, const std::vector<double>& times,
                                                  const JobContext& context = {}) = 0;
    /// Generates from the record's conditions with the subject's edits; the same seed gives the same picture.
    virtual std::optional<Image> paint(const AttentionSubject& subject, const JobContext& context = {}) = 0;

    /// All that a question asks for; empty when stopped.
    std::optional<AttentionAnswer> answer(const AttentionQuestion& question, const JobContext& context = {});
    /// A frame for each time at which the subject's sampling evaluates the model, from noise to picture; empty when
    /// stopped. Afterwards the session is at the last.
    std::optional<std::vector<AttentionFrame>>
    filmOfSampling(AttentionSubject subject, const AttentionQuestion& question, const JobContext& context = {});
};

/// A frame for each checkpoint, in this order; empty when stopped.
std::optional<std::vector<AttentionFrame>>
filmOfCheckpoints(const Workspace& workspace, const std::vector<std::filesystem::path>& checkpoints,
                  const AttentionSubject& subject, const AttentionQuestion& question, const ComputeChoice& device = {},
                  const JobContext& context = {});

} // namespace nanodit
