#include "app/pages/sample/carried_settings.h"

#include "widgets/factories.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>

#include <tuple>

namespace nanodit {

namespace {

auto numbersOf(const ProjectedGuidance& projected)
{
    return std::tuple(projected.parallel, projected.momentum, projected.threshold);
}

QString nameOf(const std::variant<RecordReference, PictureReference>& picture)
{
    if (const auto* const record = std::get_if<RecordReference>(&picture))
        return QString::fromStdString(record->id);
    return QString::fromStdString(std::get<PictureReference>(picture).file.string());
}

} // namespace

CarriedSettings::CarriedSettings(QWidget* parent)
    : QWidget(parent)
    , text_(new QLabel(this))
{
    text_->setObjectName(QStringLiteral("carried"));
    text_->setTextFormat(Qt::PlainText);
    text_->setWordWrap(true);
    setRole(text_, "secondary");
    auto* const without = makeFlatButton(QStringLiteral("clear"), tr("Generate without these"), this);
    without->setObjectName(QStringLiteral("dropCarried"));
    connect(without, &QToolButton::clicked, this, [this] { take({}); });
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(4);
    row->addWidget(text_, 1);
    row->addWidget(without, 0, Qt::AlignTop);
    hide();
}

void CarriedSettings::take(const SampleRequest& request)
{
    carried_ = request;
    QStringList lines;
    if (const auto& start = request.start)
        lines << tr("Starts from %1 at t = %2").arg(nameOf(start->picture), numberText(start->time));
    if (const auto& weak = request.weakGuide)
        lines << tr("Guided away from %1, scale %2")
                     .arg(QString::fromStdString(weak->checkpoint.string()), numberText(weak->scale));
    if (numbersOf(request.projected) != numbersOf({}))
        lines << tr("APG: parallel %1, momentum %2, threshold %3")
                     .arg(numberText(request.projected.parallel), numberText(request.projected.momentum),
                          numberText(request.projected.threshold));
    text_->setText(lines.join(QLatin1Char('\n')));
    setVisible(!lines.isEmpty());
}

void CarriedSettings::apply(SampleRequest& request) const
{
    request.start = carried_.start;
    request.weakGuide = carried_.weakGuide;
    request.projected = carried_.projected;
}

} // namespace nanodit
