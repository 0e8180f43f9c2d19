#include "app/pages/attention/attention_panes.h"

#include "app/pages/attention/edit_history.h"
#include "widgets/attention_map.h"
#include "widgets/fitted_label.h"
#include "widgets/picture.h"
#include "widgets/theme.h"
#include "widgets/word_strip.h"

#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>
#include <set>
#include <utility>

namespace nanodit {

namespace {

QVBoxLayout* withTitle(const QString& title, QWidget* content, QWidget* parent)
{
    auto* const column = new QVBoxLayout;
    column->setSpacing(4);
    auto* const label = new FittedLabel(title, parent);
    setRole(label, "section");
    label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed); // dots before it widens the pane
    column->addWidget(label);
    column->addWidget(content, 1);
    return column;
}

} // namespace

AttentionPanes::AttentionPanes(const QString& prefix, bool hints, QWidget* parent)
    : QWidget(parent)
    , picture_(new AttentionMap(tr("Picture being generated"), this))
    , words_(new WordStrip(this))
    , patches_(new AttentionMap(tr("Patches of the reference"), this))
{
    picture_->setObjectName(prefix + QStringLiteral("Picture"));
    picture_->setEmptyText(hints ? tr("Select a record on the right to see its picture here")
                                 : tr("Select a second checkpoint above"));
    words_->setObjectName(prefix + QStringLiteral("Words"));
    patches_->setObjectName(prefix + QStringLiteral("Patches"));
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(12);
    row->addLayout(withTitle(hints ? tr("Picture: click or drag tokens") : tr("Picture"), picture_, this), 3);
    auto* const caption = new QScrollArea(this);
    caption->setFrameShape(QFrame::NoFrame);
    caption->setWidgetResizable(true);
    caption->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    caption->viewport()->setAutoFillBackground(false);
    caption->setWidget(words_);
    words_->setAutoFillBackground(false);
    row->addLayout(withTitle(hints ? tr("Caption: click a word") : tr("Caption"), caption, this), 2);
    row->addLayout(withTitle(hints ? tr("DINO reference: click or drag") : tr("DINO reference"), patches_, this), 3);

    connect(picture_, &AttentionMap::cellsChosen, this, [this](const std::set<std::int64_t>& cells) {
        Q_EMIT choiceMade({.latents = cells, .patches = {}, .word = -1});
    });
    connect(patches_, &AttentionMap::cellsChosen, this, [this](const std::set<std::int64_t>& cells) {
        Q_EMIT choiceMade({.latents = {}, .patches = cells, .word = -1});
    });
    connect(words_, &WordStrip::wordChosen, this,
            [this](int word) { Q_EMIT choiceMade({.latents = {}, .patches = {}, .word = word}); });
    connect(words_, &WordStrip::clsChosen, this, [this] {
        Q_EMIT choiceMade({.latents = {}, .patches = {}, .word = static_cast<int>(words_->words().size())});
    });
    connect(picture_, &AttentionMap::cellHovered, this, &AttentionPanes::latentHovered);
    connect(patches_, &AttentionMap::cellsPainted, this, &AttentionPanes::patchesPainted);
}

void AttentionPanes::showScene(const AttentionScene& scene)
{
    picture_->setGrid(scene.latents);
    picture_->setPicture(qImageFromImage(scene.forming.empty() ? scene.reference : scene.forming));
    patches_->setEmptyText(tr("This model has no patches to attend to"));
    patches_->setGrid(scene.patches);
    patches_->setPicture(qImageFromImage(scene.reference));
    QStringList words;
    for (const auto& word : scene.words)
        words << QString::fromStdString(word.text);
    if (!words_->hasWords() || words != words_->words())
        words_->setWords(words);
    words_->setMarks({});
    captionWords_ = scene.words;
    clsToken_ = scene.clsToken();
}

void AttentionPanes::showChoice(const AttentionChoice& choice)
{
    picture_->setChosen(choice.latents);
    patches_->setChosen(choice.patches);
    words_->setChosen(choice.word);
}

void AttentionPanes::showEdits(const ConditionEdits& edits, GridSize patches)
{
    patches_->setMarks(edits.erasedPatches, pastedCells(edits.pastes, patches));
    std::set<std::size_t> words; // as they are shown: where others were replaced, their numbers are not the caption's
    for (std::size_t i = 0; i < captionWords_.size(); ++i) {
        if (edits.erasedWords.contains(captionWords_[i].inCaption))
            words.insert(i);
    }
    if (edits.eraseCls)
        words.insert(captionWords_.size());
    words_->setErased(std::move(words));
}

void AttentionPanes::showAnswer(const AttentionAnswer& answer, const AttentionPart& part, AttentionMeasure measure)
{
    const auto& [block, head] = part;
    if (answer.summaries)
        markSinks(answer.summaries->sinks);
    if (answer.seen) {
        const auto shares = answer.seen->shares.of(block, head);
        words_->setShares(answer.seen->words.of(block, head), {shares[0], shares[1], shares[2]});
        patches_->setValues(answer.seen->patches.values.empty() ? std::vector<float>{}
                                                                : answer.seen->patches.of(block, head));
        picture_->setValues(answer.self ? answer.self->of(block, head) : std::vector<float>{});
        picture_->setQuantity(tr("share of self-attention"));
    } else if (answer.given) {
        words_->clearShares();
        patches_->setValues({});
        picture_->setValues(answer.given->of(block, head));
        picture_->setQuantity(measure == AttentionMeasure::Contribution ? tr("share it contributes")
                                                                        : tr("attention it receives"));
    }
}

void AttentionPanes::markSinks(const std::vector<AttentionSink>& sinks)
{
    QStringList reasons(static_cast<qsizetype>(captionWords_.size()) + 1);
    for (const auto& sink : sinks) {
        const auto word = std::ranges::find_if(captionWords_, [&sink](const CaptionWord& candidate) {
            return sink.token >= candidate.firstToken && sink.token < candidate.firstToken + candidate.tokens;
        });
        if (word == captionWords_.end() && sink.token != clsToken_)
            continue; // a patch, or the tokens of a null text
        auto& reason = reasons[word - captionWords_.begin()];
        reason += (reason.isEmpty() ? QString() : QStringLiteral("\n")) +
                  tr("a sink in block %1: receives %2 % of attention and adds %3 %")
                      .arg(sink.block)
                      .arg(QString::number(100 * sink.mass, 'f', 1), QString::number(100 * sink.contribution, 'f', 1));
    }
    words_->setMarks(reasons);
}

void AttentionPanes::setHasSubject(bool has)
{
    picture_->setEmptyText(has ? QString() : tr("Select a record on the right to see its picture here"));
}

void AttentionPanes::clear()
{
    for (auto* const map : {picture_, patches_}) {
        map->setGrid({});
        map->setPicture({});
    }
    patches_->setEmptyText({});
    words_->clear();
    captionWords_.clear();
}

void AttentionPanes::setOpacity(double opacity)
{
    picture_->setOpacity(opacity);
    patches_->setOpacity(opacity);
}

} // namespace nanodit
