#pragma once
#include "attention.h"
#include "dequantize.h"
#include "elementwise.h"
#include "gemm.h"
#include "memory.h"
