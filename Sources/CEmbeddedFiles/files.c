#include "CEmbeddedFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const char qa_case[] = {
#embed "../../Tests/Reference/qa_case.jsonl"
    , 0};
static const char datacenter_qa[] = {
#embed "../../sample-data/datacenter-qa.jsonl"
    , 0};
static const char theme_dark[] = {
#embed "../../themes/dark.toml"
    , 0};
static const char theme_light[] = {
#embed "../../themes/light.toml"
    , 0};
static const char theme_high_contrast[] = {
#embed "../../themes/high-contrast.toml"
    , 0};
static const char theme_colour_blind[] = {
#embed "../../themes/colour-blind.toml"
    , 0};
static const char theme_mono[] = {
#embed "../../themes/mono.toml"
    , 0};
static const char theme_ascii[] = {
#embed "../../themes/ascii.toml"
    , 0};

const char *embedded_qa_case(void) { return qa_case; }
const char *embedded_datacenter_qa(void) { return datacenter_qa; }

const char *embedded_theme(int index) {
  static const char *const themes[] = {theme_dark, theme_light, theme_high_contrast, theme_colour_blind, theme_mono,
                                       theme_ascii};
  return index >= 0 && index < (int)(sizeof themes / sizeof themes[0]) ? themes[index] : 0;
}
