#include "app/page_links.h"

#include "app/pages/attention/attention_page.h"
#include "app/pages/dataset/dataset_page.h"
#include "app/pages/runs/runs_page.h"
#include "app/pages/sample/sample_page.h"
#include "app/pages/train/train_page.h"
#include "app/pages/validate/validate_page.h"

namespace nanodit {

void linkPages(const WindowPages& pages, const std::function<void(Page)>& show)
{
    QObject::connect(pages.train, &TrainPage::datasetWanted, pages.dataset, [show] { show(Page::Dataset); });
    QObject::connect(pages.train, &TrainPage::recordWanted, pages.dataset,
                     [show, dataset = pages.dataset](const QString& record) {
                         show(Page::Dataset);
                         dataset->chooseRecord(record);
                     });
    QObject::connect(pages.attention, &AttentionPage::trainWanted, pages.train, [show] { show(Page::Train); });
    QObject::connect(pages.sample, &SamplePage::trainWanted, pages.train, [show] { show(Page::Train); });
    QObject::connect(pages.sample, &SamplePage::attentionWanted, pages.attention,
                     [show, attention = pages.attention](const QString& file) {
                         show(Page::Attention);
                         attention->showPainted(file);
                     });
    QObject::connect(pages.validate, &ValidatePage::trainWanted, pages.train, [show] { show(Page::Train); });
    QObject::connect(pages.runs, &RunsPage::trainWanted, pages.train, [show] { show(Page::Train); });
    QObject::connect(pages.runs, &RunsPage::runWanted, pages.train, [show, train = pages.train](const QString& run) {
        show(Page::Train);
        train->showRun(run);
    });
    QObject::connect(pages.runs, &RunsPage::duplicateWanted, pages.train,
                     [show, train = pages.train](const QString& run, bool fromItsWeights) {
                         show(Page::Train);
                         train->newRunLike(run, fromItsWeights);
                     });
    QObject::connect(pages.runs, &RunsPage::validationWanted, pages.validate,
                     [show, validate = pages.validate](const QString& run) {
                         show(Page::Validate);
                         validate->choose(run, {});
                     });
    QObject::connect(pages.runs, &RunsPage::comparisonWanted, pages.validate,
                     [show, validate = pages.validate](const QString& run, const QString& against) {
                         show(Page::Validate);
                         validate->choose(run, against);
                         validate->showComparison();
                     });
    QObject::connect(pages.validate, &ValidatePage::attentionWanted, pages.attention,
                     [show, attention = pages.attention](const QString& record) {
                         show(Page::Attention);
                         attention->showRecord(record);
                     });
    QObject::connect(pages.validate, &ValidatePage::sampleWanted, pages.sample,
                     [show, sample = pages.sample](const QString& file, const QString& checkpoint) {
                         show(Page::Sample);
                         sample->chooseCheckpoint(checkpoint);
                         sample->restoreFrom(file);
                     });
}

} // namespace nanodit
