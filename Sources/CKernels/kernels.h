// The kernels of one instruction set. The including file defines CK_TABLE, the name of the table.
#include "elementwise.h"
#include "tiles.h"
#include "layers.h"
#include "gradients.h"
#include "losses.h"
#include "actions.h"

const ck_kernels CK_TABLE = {
    .name = CK_NAME,
    .forward = forward,
    .backward_weights = backward_weights,
    .backward_inputs = backward_inputs,
    .tanh = tanh_map,
    .exp = exp_map,
    .log = log_map,
    .normalize = normalize,
    .sum_of_squares = sum_of_squares,
    .adam = adam,
    .log_softmax = log_softmax,
    .sample = sample,
    .distill = distill,
    .ppo = ppo,
    .standardize = standardize,
    .gae = gae,
    .gather = gather,
    .gaussian = gaussian,
};
